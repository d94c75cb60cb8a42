using Microsoft.Extensions.Logging;

namespace Toolstack.XenSimulator;

/// <summary>Events 4200-4299: xenstore and devices.</summary>
internal static partial class Log
{
    [LoggerMessage(4200, LogLevel.Warning, "xenstore connection of domain {Domid} dropped: {Problem}")]
    internal static partial void XenstorePeerDropped(ILogger logger, int domid, string problem);

    [LoggerMessage(4201, LogLevel.Warning, "device {Path}: {Problem}")]
    internal static partial void DeviceFailed(ILogger logger, string path, string problem);
}
