using Microsoft.Extensions.Logging;

namespace Toolstack.Xapi;

/// <summary>The log lines of storage, devices and snapshots.</summary>
internal static partial class Log
{
    [LoggerMessage(3400, LogLevel.Warning, "SR {Repository} is not attached to {Host}: {Reason}")]
    internal static partial void NotAttachedElsewhere(ILogger logger, string repository, string host, string reason);

    [LoggerMessage(3401, LogLevel.Information, "SR {Repository} forgotten by {Host}")]
    internal static partial void RepositoryForgotten(ILogger logger, string repository, string host);

    [LoggerMessage(3402, LogLevel.Warning, "PBD {Uuid} could not be attached at start: {Reason}")]
    internal static partial void NotReplugged(ILogger logger, string uuid, string reason);

    [LoggerMessage(3410, LogLevel.Error, "checkpoint of {Vm} failed: {Reason}")]
    internal static partial void CheckpointFailed(ILogger logger, string vm, string reason);

    [LoggerMessage(3411, LogLevel.Error, "{Vm} could not be reverted to {Snapshot}: {Reason}")]
    internal static partial void RevertFailed(ILogger logger, string vm, string snapshot, string reason);
}
