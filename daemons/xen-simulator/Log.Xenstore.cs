using Microsoft.Extensions.Logging;

namespace Toolstack.XenSimulator;

/// <summary>Events 4200-4299: xenstore.</summary>
internal static partial class Log
{
    [LoggerMessage(4200, LogLevel.Warning, "xenstore connection of domain {Domid} dropped: {Problem}")]
    internal static partial void XenstorePeerDropped(ILogger logger, int domid, string problem);
}
