namespace Toolstack.Xapi.Placement;

/// <summary>How a domain is built, as far as its memory is concerned.</summary>
internal enum DomainKind { Pv, Hvm, Pvh, PvInPvh }

/// <summary>
/// The memory a domain needs on a host, as pure functions. Memory is in MiB (bytes are rounded up) unless a name says bytes.
/// Source: XenAPI memory model (shadow: one 4 KiB page per MiB for p2m and one for the resident shadow, 256 per vCPU; 38/256 MiB per vCPU).
/// </summary>
internal sealed record MemoryModel(DomainKind Kind, long StaticMaxMiB, long TargetMiB, long VideoMiB, long Vcpus, double ShadowMultiplier)
{
    private const long Mebibyte = 1024 * 1024;
    private const long ShimBaseMiB = 23;
    private const long ShimDivisor = 90;

    /// <summary>Memory that belongs to the domain beyond its static maximum.</summary>
    public long ExtraInternal => Kind == DomainKind.Pv ? 0 : 1;

    /// <summary>Memory that the hypervisor keeps for the domain outside of it.</summary>
    public static long ExtraExternal => 1;

    /// <summary>The shadow or nested paging allocation; a PV guest's multiplier is always 1.</summary>
    public long Shadow
    {
        get
        {
            long pages = CeilingDivide(256 * Vcpus + 2 * StaticMaxMiB, 256);
            double multiplier = Kind == DomainKind.Pv ? 1.0 : ShadowMultiplier;
            return Math.Max(1, (long)(multiplier * pages));
        }
    }

    /// <summary>What a domain takes from the host beyond its target.</summary>
    public long Overhead => ExtraInternal + ExtraExternal + Shadow + CeilingDivide(38 * Vcpus, 256) + Shim(StaticMaxMiB);

    /// <summary>What must be free on the host before the domain is built.</summary>
    public long Footprint => TargetMiB + Overhead;

    public long BuildMax => StaticMaxMiB - VideoMiB + Shim(StaticMaxMiB);

    public long BuildStart => TargetMiB - VideoMiB + Shim(TargetMiB);

    /// <summary>The limit the hypervisor enforces on the domain.</summary>
    public long XenMax => StaticMaxMiB + ExtraInternal + Shim(StaticMaxMiB);

    public long OverheadBytes => Overhead * Mebibyte;

    public long FootprintBytes => Footprint * Mebibyte;

    public static long ToMiB(long bytes) => CeilingDivide(bytes, Mebibyte);

    private long Shim(long mebibytes) => Kind == DomainKind.PvInPvh ? ShimBaseMiB + mebibytes / ShimDivisor : 0;

    private static long CeilingDivide(long value, long divisor) => (value + divisor - 1) / divisor;
}
