using System.Runtime.InteropServices;

namespace Toolstack.Interop.Xen.Abi;

/// <summary>Numbers of the ioctls of /dev/xen/privcmd (Linux, xen/privcmd.h). They carry no direction bits.</summary>
internal static class PrivcmdIoctls
{
    /// <summary>Argument <see cref="PrivcmdHypercall"/>; returns the hypercall's own value, or -1 and Xen's errno.</summary>
    internal const uint Hypercall = 0x305000;

    /// <summary>Argument <see cref="PrivcmdMmapBatchV2"/>.</summary>
    internal const uint MmapBatchV2 = 0x205004;

    /// <summary>Argument <see cref="PrivcmdMmapResource"/>.</summary>
    internal const uint MmapResource = 0x205007;
}

/// <summary>One hypercall: its number and five arguments. Pointers among them must lie in a <see cref="Hypercalls.HypercallArena"/>.</summary>
[StructLayout(LayoutKind.Explicit, Size = 48)]
internal struct PrivcmdHypercall
{
    [FieldOffset(0)] internal ulong Number;
    [FieldOffset(8)] internal ulong Argument0;
    [FieldOffset(16)] internal ulong Argument1;
    [FieldOffset(24)] internal ulong Argument2;
    [FieldOffset(32)] internal ulong Argument3;
    [FieldOffset(40)] internal ulong Argument4;
}

/// <summary>Maps frames of a domain at an address that was mapped from the device before.</summary>
[StructLayout(LayoutKind.Explicit, Size = 32)]
internal struct PrivcmdMmapBatchV2
{
    [FieldOffset(0)] internal uint Count;
    [FieldOffset(4)] internal ushort Domain;
    [FieldOffset(8)] internal ulong Address;
    [FieldOffset(16)] internal ulong Frames;
    [FieldOffset(24)] internal ulong Errors;
}

/// <summary>Maps a resource of a domain that is no guest memory (grant table, I/O request pages).</summary>
[StructLayout(LayoutKind.Explicit, Size = 32)]
internal struct PrivcmdMmapResource
{
    [FieldOffset(0)] internal ushort Domain;
    [FieldOffset(4)] internal uint Type;
    [FieldOffset(8)] internal uint Id;
    [FieldOffset(12)] internal uint Index;
    [FieldOffset(16)] internal ulong Count;
    [FieldOffset(24)] internal ulong Address;
}
