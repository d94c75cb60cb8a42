using Microsoft.Extensions.Logging;

namespace Toolstack.Xapi;

/// <summary>Every log line of xapi. Events 3000-3099: http; 3100-3199: dispatch, sessions, tasks, events; 3200-3299: database and pool;
/// 3300-3399: forwarding, VM and xenops.</summary>
internal static partial class Log
{
    [LoggerMessage(3000, LogLevel.Information, "listening on {Endpoint}")]
    internal static partial void Listening(ILogger logger, string endpoint);
}
