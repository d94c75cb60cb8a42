namespace Toolstack.Xenopsd.Backends.Domains;

/// <summary>Bounds of the domain backend.</summary>
internal static class DomainLimits
{
    public const int MaxDomains = 4096;

    /// <summary>Least and most vCPUs of one domain (Xen's bound for guests with nested paging).</summary>
    public const int MaxVcpus = 128;

    /// <summary>Longest script text for a guest, in characters.</summary>
    public const int MaxScript = 1024;

    /// <summary>How long taking back a half-made domain may take.</summary>
    public static readonly TimeSpan CleanUp = TimeSpan.FromSeconds(60);

    /// <summary>How long a disk of a suspended guest may be at what it was given.</summary>
    public static readonly TimeSpan DiskIdle = TimeSpan.FromSeconds(30);

    /// <summary>How often a guest that was asked to suspend is looked at, in case it ends otherwise.</summary>
    public static readonly TimeSpan SuspendLook = TimeSpan.FromMilliseconds(100);

    /// <summary>How long a write that nobody waits for may take.</summary>
    public static readonly TimeSpan Write = TimeSpan.FromSeconds(60);
}
