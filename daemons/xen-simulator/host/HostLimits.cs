namespace Toolstack.XenSimulator.Host;

/// <summary>Bounds of the simulated host.</summary>
internal static class HostLimits
{
    public const int MaxDomains = 4096;

    public const int MaxVcpus = 128;

    /// <summary>The first domid that is not a guest's (DOMID_FIRST_RESERVED of Xen's public interface).</summary>
    public const int FirstReservedDomid = 0x7ff0;

    /// <summary>Owner of the PCI devices that nobody may use (DOMID_IO of Xen's public interface).</summary>
    public const int IoDomid = 0x7ff1;

    /// <summary>Largest address space of a guest, in frames (1 TiB).</summary>
    public const long MaxGuestPages = 1L << 28;

    /// <summary>Frames after the guest's memory for the rings and parameters of a PVH guest.</summary>
    public const int SpecialPages = 8;

    public const int StoreRing = 4;

    public const int ConsoleRing = 7;

    public const int MaxPorts = 4096;

    /// <summary>Shares of graphics cards of one domain.</summary>
    public const int MaxGraphicsShares = 16;

    /// <summary>Characters of the hypervisor's console and of each guest's that are kept.</summary>
    public const int ConsoleCharacters = 16 << 10;
}
