namespace Toolstack.Hosting;

/// <summary>Every limit of what the daemons share, in one place.</summary>
public static class HostingLimits
{
    /// <summary>The largest configuration file that is read.</summary>
    public const int MaxConfigFileBytes = 1024 * 1024;

    /// <summary>The longest log line with its newline: what a pipe takes in one atomic write (PIPE_BUF).</summary>
    public const int MaxLogLineBytes = 4096;

    /// <summary>How long a log line waits for a stuck reader of stderr before it is dropped and counted.</summary>
    public static readonly TimeSpan LogWriteDeadline = TimeSpan.FromMilliseconds(200);

    /// <summary>How long a daemon may take to stop after SIGTERM; then it ends anyway, with exit status 1.</summary>
    public static readonly TimeSpan StopDeadline = TimeSpan.FromSeconds(20);
}
