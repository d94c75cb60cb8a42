using Microsoft.Extensions.Logging;

namespace Toolstack.Xapi;

/// <summary>Every log line of xapi. Events 3000-3099: http; 3100-3199: dispatch, sessions, tasks, events; 3200-3299: database and pool;
/// 3300-3399: forwarding, VM and xenops.</summary>
internal static partial class Log
{
    [LoggerMessage(3000, LogLevel.Information, "listening on {Endpoint}")]
    internal static partial void Listening(ILogger logger, string endpoint);

    [LoggerMessage(3001, LogLevel.Error, "cannot accept connections: {Reason}")]
    internal static partial void AcceptFailed(ILogger logger, string reason);

    [LoggerMessage(3002, LogLevel.Debug, "connection for {Path} handed over to xenopsd")]
    internal static partial void HandedOver(ILogger logger, string path);

    [LoggerMessage(3003, LogLevel.Warning, "connection could not be handed over to xenopsd: {Reason}")]
    internal static partial void HandOverFailed(ILogger logger, string reason);

    [LoggerMessage(3004, LogLevel.Warning, "connection for {Path} refused: no valid session")]
    internal static partial void HandOverUnauthorised(ILogger logger, string path);

    [LoggerMessage(3005, LogLevel.Error, "request {Method} {Path} failed")]
    internal static partial void RequestFailed(ILogger logger, string method, string path, Exception error);

    [LoggerMessage(3006, LogLevel.Debug, "request body refused: {Reason}")]
    internal static partial void BodyRefused(ILogger logger, string reason);
}
