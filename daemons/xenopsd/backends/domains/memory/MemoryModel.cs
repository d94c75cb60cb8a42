namespace Toolstack.Xenopsd.Backends.Domains.Memory;

/// <summary>
/// What memory a domain takes, in MiB (the toolstack's memory model). <c>static</c> is the most the guest may ever have, <c>target</c>
/// what it has now; both are rounded up to whole MiB by the caller.
/// </summary>
public static class MemoryModel
{
    public const long KibPerMib = 1024;

    private const long PagesPerMib = 256;
    private const long ShadowPagesPerVcpu = 256;
    private const long GuestPagesPerVcpu = 38;
    private const long External = 1;
    private const long ShimBase = 23;
    private const long ShimShare = 90;

    public static long MibOf(long bytes) => (bytes + (1 << 20) - 1) >> 20;

    /// <summary>The page tables of nested paging. A PV guest has none: the hypervisors in use have no shadow paging.</summary>
    public static long Shadow(GuestKind kind, long staticMib, int vcpus, double multiplier) => kind == GuestKind.Pv
        ? 0
        : Math.Max(1, (long)Math.Floor(MibOfPages(ShadowPagesPerVcpu * vcpus + staticMib + staticMib) * multiplier));

    /// <summary>The shim a PV guest runs under inside a PVH domain.</summary>
    public static long Shim(GuestKind kind, long mib) => kind == GuestKind.PvInPvh ? ShimBase + mib / ShimShare : 0;

    /// <summary>What Xen itself puts into the domain.</summary>
    public static long Internal(GuestKind kind) => kind == GuestKind.Pv ? 0 : 1;

    /// <summary>What the builder is told the guest may have.</summary>
    public static long BuildMax(GuestKind kind, long staticMib, long videoMib) => staticMib - videoMib + Shim(kind, staticMib);

    /// <summary>What the builder gives the guest.</summary>
    public static long BuildStart(GuestKind kind, long targetMib, long videoMib) => targetMib - videoMib + Shim(kind, targetMib);

    /// <summary>Xen's own bound for a domain whose guest may have so much.</summary>
    public static long XenMax(GuestKind kind, long mib) => mib + Internal(kind) + Shim(kind, mib);

    /// <summary>What the host gives beyond the guest's own memory.</summary>
    public static long Overhead(GuestKind kind, long staticMib, int vcpus, double multiplier) =>
        Internal(kind) + External + Shadow(kind, staticMib, vcpus, multiplier) + MibOfPages(GuestPagesPerVcpu * vcpus) + Shim(kind, staticMib);

    /// <summary>What must be free in the host for a domain to be made.</summary>
    public static long RequiredHostFree(GuestKind kind, long staticMib, long targetMib, int vcpus, double multiplier) =>
        targetMib + Overhead(kind, staticMib, vcpus, multiplier);

    /// <summary>Pages the domain claims while it is built.</summary>
    public static long ClaimPages(GuestKind kind, long targetMib, long videoMib) => PagesPerMib * BuildStart(kind, targetMib, videoMib);

    private static long MibOfPages(long pages) => (pages + PagesPerMib - 1) / PagesPerMib;
}

/// <summary>The memory a domain begins with, in KiB: what was reserved for it, overhead included, and what of it is the guest's.</summary>
public sealed record InitialMemory(long TargetKib, long ReservedKib, long DynamicMinKib, long DynamicMaxKib, string ReservationId);
