namespace Toolstack.MessageSwitch;

/// <summary>Every limit of the original protocol as it is spoken here; those of names, queues and payloads are shared with the native one.</summary>
internal static class CompatLimits
{
    /// <summary>Messages in one answer to a transfer; the next one gives the rest.</summary>
    internal const int MaxTransferMessages = 256;

    /// <summary>Payload bytes in one answer to a transfer, unless its first message is larger.</summary>
    internal const long MaxTransferBytes = 4L * 1024 * 1024;

    /// <summary>Queues named in one transfer.</summary>
    internal const int MaxTransferQueues = 64;

    /// <summary>Payload bytes in one answer with diagnostics; payloads beyond are left out.</summary>
    internal const long MaxDiagnosticsBytes = 4L * 1024 * 1024;

    /// <summary>Sessions that one connection may log in to.</summary>
    internal const int MaxLogins = 16;

    /// <summary>The largest file of the web interface.</summary>
    internal const int MaxWebFileBytes = 4 * 1024 * 1024;

    /// <summary>The longest wait of a transfer or trace; longer ones are shortened to it.</summary>
    internal static readonly TimeSpan MaxTimeout = TimeSpan.FromHours(1);

    /// <summary>The time between the answer to a shutdown and its happening.</summary>
    internal static readonly TimeSpan ShutdownDelay = TimeSpan.FromSeconds(1);
}
