using Microsoft.Extensions.Logging;

namespace Toolstack.Interop.Xen.Xenstore;

/// <summary>Log lines of the xenstore client. Events 6000-6099.</summary>
internal static partial class Log
{
    [LoggerMessage(6000, LogLevel.Error, "connection to xenstore {Path} lost: {Problem}")]
    internal static partial void ConnectionLost(ILogger logger, string path, string problem);

    [LoggerMessage(6001, LogLevel.Warning, "connected to xenstore {Path} again, {Count} watches set again")]
    internal static partial void Reconnected(ILogger logger, string path, int count);

    [LoggerMessage(6002, LogLevel.Warning, "watch on {Path} could not be set again: {Problem}")]
    internal static partial void WatchLost(ILogger logger, string path, string problem);
}
