namespace Toolstack.Xapi.ThinCli;

/// <summary>Every limit of the thin-client protocol in one place.</summary>
internal static class ThinCliLimits
{
    /// <summary>The head and the arguments of a request.</summary>
    internal const int MaxRequestBytes = 64 * 1024;

    /// <summary>A file that a client sends for a command to read.</summary>
    internal const int MaxFileBytes = 16 * 1024 * 1024;

    /// <summary>A frame from a client.</summary>
    internal const int MaxFrameBytes = 16 * 1024;

    /// <summary>Commands that run at a time.</summary>
    internal const int MaxCommands = 64;

    /// <summary>How long a request may take to arrive, and a client to answer.</summary>
    internal static readonly TimeSpan ClientDeadline = TimeSpan.FromSeconds(60);

    /// <summary>How long a client may take to move a file; it says that it still does in between.</summary>
    internal static readonly TimeSpan TransferSilence = TimeSpan.FromMinutes(5);
}
