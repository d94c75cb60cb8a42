using System.Runtime.InteropServices;

namespace Toolstack.Interop.Xen.Abi;

/// <summary>Makes an empty domain (xen_domctl_createdomain of Xen 4.17). Number -1 of ports or frames leaves the choice to Xen.</summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
internal unsafe struct CreateDomainLayout
{
    internal const uint Command = 1;

    internal const uint Hvm = 1;
    internal const uint NestedPaging = 2;
    internal const uint Iommu = 0x20;
    internal const uint NestedVirtualisation = 0x40;

    /// <summary>The local interrupt controller, all that a PVH domain is given of a PC.</summary>
    internal const uint LocalApic = 1;

    internal const uint RelaxedMsr = 1;

    [FieldOffset(0)] internal uint SecurityLabel;
    [FieldOffset(4)] internal fixed byte Handle[16];
    [FieldOffset(20)] internal uint Flags;
    [FieldOffset(24)] internal uint IommuOptions;
    [FieldOffset(28)] internal uint MaxVcpus;
    [FieldOffset(32)] internal uint MaxEventChannelPort;
    [FieldOffset(36)] internal int MaxGrantFrames;
    [FieldOffset(40)] internal int MaxMapTrackFrames;
    [FieldOffset(44)] internal uint GrantVersion;
    [FieldOffset(48)] internal uint TraceSize;
    [FieldOffset(52)] internal uint CpuPool;
    [FieldOffset(56)] internal uint EmulationFlags;
    [FieldOffset(60)] internal uint MiscFlags;
}

/// <summary>What follows <see cref="CreateDomainLayout.GrantVersion"/> since Xen 4.20: four bytes about alternative page tables came in between.</summary>
[StructLayout(LayoutKind.Explicit, Size = 68)]
internal struct CreateDomainLayoutOf420
{
    [FieldOffset(0)] internal CreateDomainLayout Former;
    [FieldOffset(48)] internal uint AlternativeTables;
    [FieldOffset(52)] internal uint TraceSize;
    [FieldOffset(56)] internal uint CpuPool;
    [FieldOffset(60)] internal uint EmulationFlags;
    [FieldOffset(64)] internal uint MiscFlags;
}
