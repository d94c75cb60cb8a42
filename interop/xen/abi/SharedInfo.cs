using System.Runtime.InteropServices;

namespace Toolstack.Interop.Xen.Abi;

/// <summary>The page a PV guest shares with Xen (shared_info): where a migration finds the guest's frames, and what it must not carry over.</summary>
[StructLayout(LayoutKind.Explicit, Size = 3136)]
internal struct SharedInfo
{
    /// <summary>Bytes of vcpu_info at the start, 64 for each of the first 32 vCPUs.</summary>
    internal const int VcpuInfoBytes = 64;
    internal const int Vcpus = 32;

    /// <summary>In vcpu_info: upcall_pending u8 at 0, and evtchn_pending_sel u64.</summary>
    internal const int PendingSelector = 8;

    internal const int EventPending = 2048;
    internal const int EventMask = 2560;
    internal const int EventBytes = 512;
    internal const int Arch = 3088;
    internal const int ArchBytes = 48;

    [FieldOffset(3088)] internal ulong MaxPfn;
    [FieldOffset(3096)] internal ulong FrameListList;
    [FieldOffset(3112)] internal ulong P2mCr3;
    [FieldOffset(3120)] internal ulong P2mAddress;
    [FieldOffset(3128)] internal ulong P2mGeneration;
}

/// <summary>The page a PV guest starts from (start_info); of a suspended guest store and console are pfns.</summary>
[StructLayout(LayoutKind.Explicit, Size = 1168)]
internal struct StartInfo
{
    [FieldOffset(32)] internal ulong Pages;
    [FieldOffset(40)] internal ulong SharedInfoAddress;
    [FieldOffset(48)] internal uint Flags;
    [FieldOffset(56)] internal ulong StoreFrame;
    [FieldOffset(64)] internal uint StorePort;
    [FieldOffset(72)] internal ulong ConsoleFrame;
    [FieldOffset(80)] internal uint ConsolePort;
}

/// <summary>A grant (grant_entry_v1): the first two of a new domain are its console's and its store's.</summary>
[StructLayout(LayoutKind.Explicit, Size = 8)]
internal struct GrantEntry
{
    internal const ushort PermitAccess = 1;
    internal const int Console = 0;
    internal const int Xenstore = 1;

    [FieldOffset(0)] internal ushort Flags;
    [FieldOffset(2)] internal ushort Domain;
    [FieldOffset(4)] internal uint Frame;
}
