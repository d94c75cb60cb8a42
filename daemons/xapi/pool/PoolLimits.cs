namespace Toolstack.Xapi.Pool;

/// <summary>The waits of the pool rooms.</summary>
internal static class PoolLimits
{
    /// <summary>One call between the hosts of the pool about the pool itself.</summary>
    internal static readonly TimeSpan CallDeadline = TimeSpan.FromSeconds(20);

    /// <summary>The coordinator's call back to a member that says hello; shorter than the hello that waits for it.</summary>
    internal static readonly TimeSpan TalkBackDeadline = TimeSpan.FromSeconds(10);

    /// <summary>The last word of a member that stops.</summary>
    internal static readonly TimeSpan FarewellDeadline = TimeSpan.FromSeconds(2);

    /// <summary>Pauses before the next try while a peer does not answer: the first, and the longest to which they double.</summary>
    internal static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    internal static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    /// <summary>The pause after an answer that more tries will hardly change, such as a wrong pool secret.</summary>
    internal static readonly TimeSpan RefusedPause = TimeSpan.FromSeconds(60);

    /// <summary>How often the coordinator looks whether members are silent, and hosts record their free memory, at most.</summary>
    internal static readonly TimeSpan RoundInterval = TimeSpan.FromSeconds(30);

    /// <summary>How long hosts may take from the proposal of a new coordinator to its commit; then the proposal is forgotten.</summary>
    internal static readonly TimeSpan ProposalDeadline = TimeSpan.FromSeconds(180);

    /// <summary>The whole database from the coordinator to a member, and the member's saying that it has it.</summary>
    internal static readonly TimeSpan BackupDeadline = TimeSpan.FromSeconds(120);

    /// <summary>A member whose coordinator has not answered for so long is in emergency mode until it does.</summary>
    internal static readonly TimeSpan AwayAfter = TimeSpan.FromSeconds(30);

    /// <summary>How often a host that was ejected tries to take its rows out of its former pool.</summary>
    internal const int LeaveAttempts = 10;

    /// <summary>How long a host whose role has changed still answers before it starts anew.</summary>
    internal static readonly TimeSpan Fuse = TimeSpan.FromSeconds(4);

    /// <summary>The next pause after one.</summary>
    internal static TimeSpan Longer(TimeSpan pause) => pause * 2 < LongestPause ? pause * 2 : LongestPause;
}
