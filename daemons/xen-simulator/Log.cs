using Microsoft.Extensions.Logging;

namespace Toolstack.XenSimulator;

/// <summary>Every log line of the simulated host. Events 4000-4099: hypercalls; 4100-4199: guests.</summary>
internal static partial class Log
{
    [LoggerMessage(4000, LogLevel.Information, "hypercalls on {Path}")]
    internal static partial void Listening(ILogger logger, string path);

    [LoggerMessage(4001, LogLevel.Warning, "cannot accept a connection: {Reason}")]
    internal static partial void CannotAccept(ILogger logger, string reason);

    [LoggerMessage(4002, LogLevel.Warning, "connection refused: {Limit} clients are connected (MaxConnections)")]
    internal static partial void TooManyConnections(ILogger logger, int limit);

    [LoggerMessage(4003, LogLevel.Debug, "connection ended: {Reason}")]
    internal static partial void ConnectionEnded(ILogger logger, string reason);

    [LoggerMessage(4004, LogLevel.Error, "hypercall {Method} failed")]
    internal static partial void CallFailed(ILogger logger, string method, Exception error);

    [LoggerMessage(4101, LogLevel.Debug, "a driver in the guest of domain {Domid} ended: {Reason}")]
    internal static partial void DriverEnded(ILogger logger, int domid, string reason);

    [LoggerMessage(4100, LogLevel.Error, "guest of domain {Domid} failed")]
    internal static partial void GuestFailed(ILogger logger, int domid, Exception error);

    [LoggerMessage(4200, LogLevel.Warning, "xenstore connection of domain {Domid} dropped: {Problem}")]
    internal static partial void XenstorePeerDropped(ILogger logger, int domid, string problem);

    [LoggerMessage(4201, LogLevel.Warning, "device {Path}: {Problem}")]
    internal static partial void DeviceFailed(ILogger logger, string path, string problem);
}
