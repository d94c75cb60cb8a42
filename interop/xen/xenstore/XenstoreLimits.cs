namespace Toolstack.Interop.Xen.Xenstore;

/// <summary>Bounds of the xenstore protocol.</summary>
public static class XenstoreLimits
{
    public const int HeaderBytes = 16;

    /// <summary>Largest payload a client may send.</summary>
    public const int MaxRequestPayload = 4096;

    /// <summary>Largest payload accepted from a server: one of the two in use does not keep to the protocol's 4096 on sockets.</summary>
    public const int MaxReplyPayload = 1 << 20;

    /// <summary>Largest absolute path.</summary>
    public const int MaxPath = 3072;
}
