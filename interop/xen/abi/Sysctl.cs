using System.Runtime.InteropServices;

namespace Toolstack.Interop.Xen.Abi;

/// <summary>Commands of the hypercall sysctl (Xen public headers, sysctl.h).</summary>
internal static class SysctlCommands
{
    internal const uint PhysInfo = 3;
    internal const uint GetDomainInfoList = 6;
}

/// <summary>The argument of sysctl; the union begins at 8.</summary>
[StructLayout(LayoutKind.Explicit, Size = 136)]
internal struct Sysctl
{
    [FieldOffset(0)] internal uint Command;
    [FieldOffset(4)] internal uint InterfaceVersion;
    [FieldOffset(8)] internal PhysInfoLayout PhysInfo;
    [FieldOffset(8)] internal DomainInfoListLayout DomainInfoList;
}

/// <summary>The machine (xen_sysctl_physinfo); memory in pages.</summary>
[StructLayout(LayoutKind.Explicit, Size = 112)]
internal struct PhysInfoLayout
{
    /// <summary>Bit of <see cref="Capabilities"/>: devices can be given to guests.</summary>
    internal const uint DirectIo = 4;

    [FieldOffset(0)] internal uint ThreadsPerCore;
    [FieldOffset(4)] internal uint CoresPerSocket;
    [FieldOffset(8)] internal uint Cpus;
    [FieldOffset(12)] internal uint MaxCpuId;
    [FieldOffset(16)] internal uint Nodes;
    [FieldOffset(20)] internal uint MaxNodeId;
    [FieldOffset(24)] internal uint CpuKhz;
    [FieldOffset(28)] internal uint Capabilities;
    [FieldOffset(32)] internal uint ArchCapabilities;
    [FieldOffset(40)] internal ulong TotalPages;
    [FieldOffset(48)] internal ulong FreePages;
    [FieldOffset(56)] internal ulong ScrubPages;
    [FieldOffset(64)] internal ulong OutstandingPages;
    [FieldOffset(72)] internal ulong MaxFrame;
}

/// <summary>Asks for the domains from <see cref="First"/> up; <see cref="Count"/> comes back as how many were written to <see cref="Buffer"/>.</summary>
[StructLayout(LayoutKind.Explicit, Size = 24)]
internal struct DomainInfoListLayout
{
    [FieldOffset(0)] internal ushort First;
    [FieldOffset(4)] internal uint Max;
    [FieldOffset(8)] internal ulong Buffer;
    [FieldOffset(16)] internal uint Count;
}
