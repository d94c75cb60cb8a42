namespace Toolstack.Xapi.Database;

/// <summary>The bounds of the database: in memory, on disk and between hosts.</summary>
internal static class DatabaseLimits
{
    /// <summary>Deleted rows remembered per table: when there are more than <see cref="DeletedMost"/>, the oldest are forgotten down to <see cref="DeletedKept"/>.</summary>
    internal const int DeletedMost = 512;
    internal const int DeletedKept = 256;

    /// <summary>Changed rows waiting for the disk; a mutation that finds more waits for the batch under way first.</summary>
    internal const int PendingRows = 4096;

    /// <summary>How long changes that nobody waits for gather before they are written.</summary>
    internal static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(50);

    /// <summary>Generations that one write of the manifest reserves: after a crash the counter goes on from the end of the reserved
    /// range, so a generation that a client has seen is never given out again.</summary>
    internal const long GenerationReserve = 1L << 20;

    /// <summary>How long one batch may wait for the disk before the calls in it fail.</summary>
    internal static readonly TimeSpan CommitDeadline = TimeSpan.FromSeconds(60);

    /// <summary>Largest body of a request to the coordinator's database.</summary>
    internal const int RemoteRequestBytes = 300 * 1024;

    /// <summary>Attempts of a member to update a row that others keep changing.</summary>
    internal const int RemoteUpdateAttempts = 16;

    /// <summary>One remote access, from the first byte to the last of the answer.</summary>
    internal static readonly TimeSpan RemoteDeadline = TimeSpan.FromSeconds(120);

    /// <summary>How long a member keeps trying while the coordinator does not answer (it may be restarting).</summary>
    internal static readonly TimeSpan RemoteRetryDeadline = TimeSpan.FromSeconds(30);

    internal static readonly TimeSpan RemoteRetryFirst = TimeSpan.FromMilliseconds(100);
    internal static readonly TimeSpan RemoteRetryMost = TimeSpan.FromSeconds(2);
}
