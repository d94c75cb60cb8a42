using Microsoft.Extensions.Logging;

namespace Toolstack.Hosting;

/// <summary>Every log line of the code that daemons share. Events 1-99: life of a daemon; 100-199: client of the switch.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "{Name} {Version} starting")]
    internal static partial void Starting(ILogger logger, string name, string version);

    [LoggerMessage(2, LogLevel.Information, "ready")]
    internal static partial void Ready(ILogger logger);

    [LoggerMessage(3, LogLevel.Information, "stopping on {Signal}")]
    internal static partial void Stopping(ILogger logger, System.Runtime.InteropServices.PosixSignal signal);

    [LoggerMessage(4, LogLevel.Information, "stopped")]
    internal static partial void Stopped(ILogger logger);

    [LoggerMessage(5, LogLevel.Critical, "failed")]
    internal static partial void Failed(ILogger logger, Exception error);

    [LoggerMessage(6, LogLevel.Error, "not stopped within {Deadline}, ending anyway")]
    internal static partial void StopOverdue(ILogger logger, TimeSpan deadline);

    [LoggerMessage(7, LogLevel.Warning, "configuration: {Warning}")]
    internal static partial void ConfigurationWarning(ILogger logger, string warning);

    [LoggerMessage(8, LogLevel.Critical, "configuration: {Complaint}")]
    internal static partial void ConfigurationWrong(ILogger logger, string complaint);

    [LoggerMessage(9, LogLevel.Error, "a background task failed and nobody looked")]
    internal static partial void UnobservedFailure(ILogger logger, Exception error);

    [LoggerMessage(10, LogLevel.Warning, "to be started again: {Reason}")]
    internal static partial void RestartWanted(ILogger logger, string reason);

    [LoggerMessage(11, LogLevel.Warning, "metrics: cannot accept connections: {Reason}")]
    internal static partial void MetricsNotAccepted(ILogger logger, string reason);

    [LoggerMessage(12, LogLevel.Warning, "spans: {Collector} does not take them: {Reason}; not said again until it does")]
    internal static partial void ExportFailed(ILogger logger, string collector, string reason);

    [LoggerMessage(13, LogLevel.Warning, "spans: {Count} were lost")]
    internal static partial void SpansLost(ILogger logger, long count);

    [LoggerMessage(14, LogLevel.Error, "metrics: a page could not be made")]
    internal static partial void MetricsFailed(ILogger logger, Exception error);

    [LoggerMessage(100, LogLevel.Information, "switch {Path}: connected")]
    internal static partial void Connected(ILogger logger, string path);

    [LoggerMessage(101, LogLevel.Warning, "switch {Path}: connection ended: {Reason}; connecting again")]
    internal static partial void Disconnected(ILogger logger, string path, string reason);

    [LoggerMessage(102, LogLevel.Warning, "switch {Path}: cannot connect: {Reason}; trying on")]
    internal static partial void CannotConnect(ILogger logger, string path, string reason);

    [LoggerMessage(103, LogLevel.Information, "serving queue {Queue}")]
    internal static partial void Serving(ILogger logger, string queue);

    [LoggerMessage(104, LogLevel.Error, "queue {Queue}: the switch refuses the subscription")]
    internal static partial void SubscriptionRefused(ILogger logger, string queue, Exception error);

    [LoggerMessage(105, LogLevel.Debug, "queue {Queue}: subscription interrupted: {Reason}")]
    internal static partial void SubscriptionInterrupted(ILogger logger, string queue, string reason);

    [LoggerMessage(106, LogLevel.Warning, "queue {Queue}: handler failed")]
    internal static partial void HandlerFailed(ILogger logger, string queue, Exception error);

    [LoggerMessage(107, LogLevel.Warning, "queue {Queue}: not made again on the new connection: {Reason}")]
    internal static partial void QueueNotMadeAgain(ILogger logger, string queue, string reason);
}
