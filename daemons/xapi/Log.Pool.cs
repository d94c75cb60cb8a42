using Microsoft.Extensions.Logging;

namespace Toolstack.Xapi;

/// <summary>The log lines of the database and the pool.</summary>
internal static partial class Log
{
    [LoggerMessage(3200, LogLevel.Information, "database {Path}: {Rows} rows, generation {Generation}")]
    internal static partial void DatabaseOpened(ILogger logger, string path, int rows, long generation);

    [LoggerMessage(3201, LogLevel.Error, "database: {Rows} changed rows not written, kept for the next batch")]
    internal static partial void DatabaseNotWritten(ILogger logger, int rows, Exception error);

    [LoggerMessage(3202, LogLevel.Warning, "database {Path}: the restore takes its place, the one before is kept beside it")]
    internal static partial void DatabaseRestored(ILogger logger, string path);

    [LoggerMessage(3210, LogLevel.Information, "host {Uuid} is {Role}, coordinator at {Address}")]
    internal static partial void PoolRole(ILogger logger, string uuid, string role, string address);

    [LoggerMessage(3211, LogLevel.Warning, "the coordinator at {Address} did not let this host in, trying again in {Pause}: {Reason}")]
    internal static partial void HelloFailed(ILogger logger, string address, TimeSpan pause, string reason);

    [LoggerMessage(3212, LogLevel.Information, "member of the pool of {Address}")]
    internal static partial void Joined(ILogger logger, string address);

    [LoggerMessage(3213, LogLevel.Warning, "xenopsd does not answer, trying again in {Pause}: {Reason}")]
    internal static partial void FactsUnknown(ILogger logger, TimeSpan pause, string reason);

    [LoggerMessage(3214, LogLevel.Information, "host enabled")]
    internal static partial void HostEnabled(ILogger logger);

    [LoggerMessage(3215, LogLevel.Warning, "heartbeat to {Address} failed: {Reason}")]
    internal static partial void HeartbeatFailed(ILogger logger, string address, string reason);

    [LoggerMessage(3216, LogLevel.Warning, "host {Host} counts as {State}")]
    internal static partial void HostLiveness(ILogger logger, string host, string state);

    [LoggerMessage(3217, LogLevel.Error, "a round of the pool's housekeeping failed")]
    internal static partial void PoolRoundFailed(ILogger logger, Exception error);
}
