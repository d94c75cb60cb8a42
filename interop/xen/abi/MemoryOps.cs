using System.Runtime.InteropServices;

namespace Toolstack.Interop.Xen.Abi;

/// <summary>Commands of the hypercall memory_op (Xen public headers, memory.h).</summary>
internal static class MemoryCommands
{
    internal const ulong DecreaseReservation = 1;

    /// <summary>No argument; returns the highest frame of the host.</summary>
    internal const ulong MaximumRamPage = 2;

    internal const ulong MachineToPhysicalList = 5;
    internal const ulong PopulatePhysmap = 6;

    /// <summary>Takes a pointer to the domid; returns the highest frame the domain has.</summary>
    internal const ulong MaximumGpfn = 14;
}

/// <summary>Frames given to or taken from a domain (xen_memory_reservation); the call returns how many extents it did. Of a PV
/// guest the list comes back with machine frames.</summary>
[StructLayout(LayoutKind.Explicit, Size = 32)]
internal struct MemoryReservation
{
    [FieldOffset(0)] internal ulong ExtentStart;
    [FieldOffset(8)] internal ulong ExtentCount;
    [FieldOffset(16)] internal uint Order;
    [FieldOffset(20)] internal uint Flags;
    [FieldOffset(24)] internal ushort Domain;
}

/// <summary>Asks for the frames that hold the machine-to-physical table, one for each 2 MiB of it (xen_machphys_mfn_list).</summary>
[StructLayout(LayoutKind.Explicit, Size = 24)]
internal struct MachineToPhysicalList
{
    [FieldOffset(0)] internal uint MaxExtents;
    [FieldOffset(8)] internal ulong ExtentStart;
    [FieldOffset(16)] internal uint ExtentCount;
}

/// <summary>One operation on page tables (mmuext_op).</summary>
[StructLayout(LayoutKind.Explicit, Size = 24)]
internal struct MmuExtOp
{
    /// <summary>Pins a first level table; the other levels follow.</summary>
    internal const uint PinL1 = 0;

    [FieldOffset(0)] internal uint Command;
    [FieldOffset(8)] internal ulong Frame;
    [FieldOffset(16)] internal ulong Argument;
}
