using System.Runtime.InteropServices;

namespace Toolstack.Interop.Xen.Abi;

/// <summary>Commands of the hypercall domctl (Xen public headers, domctl.h).</summary>
internal static class DomctlCommands
{
    internal const uint DestroyDomain = 2;
    internal const uint PauseDomain = 3;
    internal const uint UnpauseDomain = 4;
    internal const uint GetDomainInfo = 5;
}

/// <summary>The argument of domctl; the union begins at 16. Only its member getdomaininfo is declared: the other commands used
/// here take the domain alone.</summary>
[StructLayout(LayoutKind.Explicit, Size = 144)]
internal struct Domctl
{
    [FieldOffset(0)] internal uint Command;
    [FieldOffset(4)] internal uint InterfaceVersion;
    [FieldOffset(8)] internal ushort Domain;
    [FieldOffset(16)] internal DomainInfoLayout Info;
}

/// <summary>What Xen says about a domain (xen_domctl_getdomaininfo); times in nanoseconds, memory in pages.</summary>
[StructLayout(LayoutKind.Explicit, Size = 112)]
internal unsafe struct DomainInfoLayout
{
    internal const uint Dying = 1;
    internal const uint Hvm = 2;
    internal const uint Shutdown = 4;
    internal const uint Paused = 8;
    internal const int ShutdownCodeShift = 16;

    [FieldOffset(0)] internal ushort Domain;
    [FieldOffset(4)] internal uint Flags;
    [FieldOffset(8)] internal ulong TotalPages;
    [FieldOffset(16)] internal ulong MaxPages;
    [FieldOffset(24)] internal ulong OutstandingPages;
    [FieldOffset(32)] internal ulong SharedPages;
    [FieldOffset(40)] internal ulong PagedPages;
    [FieldOffset(48)] internal ulong SharedInfoFrame;
    [FieldOffset(56)] internal ulong CpuTime;
    [FieldOffset(64)] internal uint OnlineVcpus;
    [FieldOffset(68)] internal uint MaxVcpuId;
    [FieldOffset(72)] internal uint SecurityLabel;
    [FieldOffset(76)] internal fixed byte Handle[16];
    [FieldOffset(92)] internal uint CpuPool;
    [FieldOffset(96)] internal byte GpaddrBits;
    [FieldOffset(104)] internal uint EmulationFlags;
    [FieldOffset(108)] internal uint MiscFlags;
}
