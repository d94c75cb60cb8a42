namespace Toolstack.Interop.Xen.Xenstore;

/// <summary>Bounds of the xenstore protocol and of our side of it.</summary>
public static class XenstoreLimits
{
    public const int HeaderBytes = 16;

    /// <summary>Largest payload a client may send.</summary>
    public const int MaxRequestPayload = 4096;

    /// <summary>Largest payload accepted from a server: one of the two in use does not keep to the protocol's 4096 on sockets.</summary>
    public const int MaxReplyPayload = 1 << 20;

    /// <summary>Largest absolute path.</summary>
    public const int MaxPath = 3072;

    /// <summary>Largest path relative to the domain's own.</summary>
    public const int MaxRelativePath = 2048;

    /// <summary>Requests of one client without an answer; the next ones wait.</summary>
    public const int MaxInFlight = 1024;

    /// <summary>Requests that one transaction may have handed over and not sent.</summary>
    public const int MaxPipelined = 65_536;

    /// <summary>Different paths waiting in one watch; beyond them they become one event of the watched path itself.</summary>
    public const int MaxPendingEvents = 4096;

    /// <summary>Collected output is handed to the kernel at this size, whether or not somebody waits for an answer.</summary>
    public const int FlushBytes = 16 * 1024;

    /// <summary>How long a server may take for one answer.</summary>
    public static readonly TimeSpan RequestDeadline = TimeSpan.FromSeconds(30);

    /// <summary>How long a transaction is tried again after conflicts.</summary>
    public static readonly TimeSpan TransactionDeadline = TimeSpan.FromSeconds(60);

    /// <summary>Conflicts in a row before attempts are spread out in time.</summary>
    public const int ConflictsBeforeBackOff = 5;

    /// <summary>Longest pause between two attempts of a transaction.</summary>
    public static readonly TimeSpan MaxBackOff = TimeSpan.FromMilliseconds(50);

    /// <summary>Pause between two attempts to reach a server that went away.</summary>
    public static readonly TimeSpan ReconnectDelay = TimeSpan.FromMilliseconds(200);

    /// <summary>How long a transaction that begins without a connection waits for the next one.</summary>
    public static readonly TimeSpan ReconnectWait = TimeSpan.FromSeconds(5);
}
