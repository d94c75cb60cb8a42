namespace Toolstack.EndToEnd.Pool;

/// <summary>Every wait and bound of the development pool.</summary>
internal static class PoolLimits
{
    internal const int MaxHosts = 64;

    /// <summary>A daemon that dies more often is left dead: something is wrong with it, not with its luck.</summary>
    internal const int MaxRestarts = 20;

    internal static readonly TimeSpan ReadyDeadline = TimeSpan.FromSeconds(60);
    internal static readonly TimeSpan PoolDeadline = TimeSpan.FromSeconds(120);
    internal static readonly TimeSpan StopDeadline = TimeSpan.FromSeconds(10);

    /// <summary>As systemd's RestartSec.</summary>
    internal static readonly TimeSpan RestartDelay = TimeSpan.FromMilliseconds(100);
    internal static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);
}
