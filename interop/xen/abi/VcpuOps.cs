using System.Runtime.InteropServices;

namespace Toolstack.Interop.Xen.Abi;

/// <summary>The registers of one vCPU of a PV guest (xen_domctl_vcpucontext): a <see cref="VcpuGuestContext"/> in a buffer.</summary>
[StructLayout(LayoutKind.Explicit, Size = 16)]
internal struct VcpuContextOp
{
    internal const uint Set = 12;
    internal const uint Get = 13;

    [FieldOffset(0)] internal uint Vcpu;
    [FieldOffset(8)] internal ulong Context;
}

/// <summary>Whether a vCPU is up (xen_domctl_getvcpuinfo).</summary>
[StructLayout(LayoutKind.Explicit, Size = 24)]
internal struct VcpuInfoOp
{
    internal const uint Command = 14;

    [FieldOffset(0)] internal uint Vcpu;
    [FieldOffset(4)] internal byte Online;
    [FieldOffset(5)] internal byte Blocked;
    [FieldOffset(6)] internal byte Running;
    [FieldOffset(8)] internal ulong CpuTime;
    [FieldOffset(16)] internal uint Cpu;
}

/// <summary>The head of a vCPU's extended context (xen_domctl_ext_vcpucontext); the stream carries its first
/// <see cref="Size"/> bytes as they are, these fields included.</summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
internal struct VcpuExtendedOp
{
    internal const uint Set = 42;
    internal const uint Get = 43;

    [FieldOffset(0)] internal uint Vcpu;
    [FieldOffset(4)] internal uint Size;
}

/// <summary>Extended registers of a vCPU (xen_domctl_vcpuextstate): u64 xcr0, u64 xcr0_accum, xsave area. The first read, with
/// size and mask 0, gives both; the second repeats them.</summary>
[StructLayout(LayoutKind.Explicit, Size = 32)]
internal struct VcpuExtendedStateOp
{
    internal const uint Set = 62;
    internal const uint Get = 63;

    [FieldOffset(0)] internal uint Vcpu;
    [FieldOffset(8)] internal ulong FeatureMask;
    [FieldOffset(16)] internal ulong Size;
    [FieldOffset(24)] internal ulong Buffer;
}

/// <summary>Model-specific registers of a vCPU (xen_domctl_vcpu_msrs), 16 bytes each; without a buffer the read gives the count.</summary>
[StructLayout(LayoutKind.Explicit, Size = 16)]
internal struct VcpuMsrsOp
{
    internal const uint Get = 72;
    internal const uint Set = 73;

    [FieldOffset(0)] internal uint Vcpu;
    [FieldOffset(4)] internal uint Count;
    [FieldOffset(8)] internal ulong Buffer;
}
