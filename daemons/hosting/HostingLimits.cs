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

    /// <summary>Lines of one event that are written in <see cref="LogWindow"/>: a third of what journald itself takes from a service.</summary>
    public const int MaxLogLinesPerEvent = 3000;

    /// <summary>The time over which lines of an event are counted: journald's own.</summary>
    public static readonly TimeSpan LogWindow = TimeSpan.FromSeconds(30);

    /// <summary>Spans that wait to be exported; those that find no place are dropped and counted.</summary>
    public const int MaxWaitingSpans = 8192;

    /// <summary>Spans in one export.</summary>
    public const int MaxSpansInExport = 1024;

    /// <summary>How long finished spans gather before they are exported.</summary>
    public static readonly TimeSpan ExportInterval = TimeSpan.FromSeconds(1);

    /// <summary>How long one export may take.</summary>
    public static readonly TimeSpan ExportDeadline = TimeSpan.FromSeconds(10);

    /// <summary>How long the last export may hold up a daemon that stops.</summary>
    public static readonly TimeSpan LastExportDeadline = TimeSpan.FromSeconds(2);

    /// <summary>Readers of metrics at the same time.</summary>
    public const int MaxMetricsReaders = 8;

    /// <summary>The largest head of a request for metrics.</summary>
    public const int MaxMetricsRequestBytes = 8192;

    /// <summary>How long a reader of metrics may take to ask and to read.</summary>
    public static readonly TimeSpan MetricsDeadline = TimeSpan.FromSeconds(10);

    /// <summary>How long a daemon has not collected memory before it counts as quiet.</summary>
    public static readonly TimeSpan QuietTime = TimeSpan.FromSeconds(5);

    /// <summary>The least time from one giving back of spare memory to the next.</summary>
    public static readonly TimeSpan GiveBackInterval = TimeSpan.FromSeconds(30);

    /// <summary>Sockets a service manager may hand over.</summary>
    public const int MaxHandedSockets = 16;
}
