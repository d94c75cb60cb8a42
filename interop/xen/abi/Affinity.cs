using System.Runtime.InteropServices;

namespace Toolstack.Interop.Xen.Abi;

/// <summary>Where a vCPU may run (xen_domctl_vcpuaffinity): hard is the rule, soft the wish. Xen writes back what came of it.</summary>
[StructLayout(LayoutKind.Explicit, Size = 40)]
internal struct AffinityLayout
{
    internal const uint SetCommand = 9;
    internal const uint GetCommand = 25;

    internal const uint HardFlag = 1;
    internal const uint SoftFlag = 2;

    [FieldOffset(0)] internal uint Vcpu;
    [FieldOffset(4)] internal uint Flags;
    [FieldOffset(8)] internal BitmapLayout Hard;
    [FieldOffset(24)] internal BitmapLayout Soft;
}

/// <summary>A set of CPUs (xenctl_bitmap): bit n of the bytes at <see cref="Address"/> is CPU n.</summary>
[StructLayout(LayoutKind.Explicit, Size = 16)]
internal struct BitmapLayout
{
    [FieldOffset(0)] internal ulong Address;
    [FieldOffset(8)] internal uint Bits;
}
