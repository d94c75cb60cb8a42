using System.Runtime.InteropServices;

namespace Toolstack.Interop.Xen.Abi;

/// <summary>CPUID leaves (24 bytes each) and MSRs (16 bytes each) of a domain (xen_domctl_cpu_policy). The error fields name what
/// Xen refused, or are all ones.</summary>
[StructLayout(LayoutKind.Explicit, Size = 40)]
internal struct CpuPolicyOp
{
    internal const uint Get = 82;
    internal const uint Set = 83;

    [FieldOffset(0)] internal uint LeafCount;
    [FieldOffset(4)] internal uint MsrCount;
    [FieldOffset(8)] internal ulong Leaves;
    [FieldOffset(16)] internal ulong Msrs;
    [FieldOffset(24)] internal uint ErrorLeaf;
    [FieldOffset(28)] internal uint ErrorSubleaf;
    [FieldOffset(32)] internal uint ErrorMsr;
}

/// <summary>How many leaves and MSRs a policy has at most (xen_sysctl_cpu_policy, with no buffers).</summary>
[StructLayout(LayoutKind.Explicit, Size = 32)]
internal struct SystemCpuPolicyOp
{
    internal const uint Command = 29;
    internal const uint Host = 1;

    [FieldOffset(0)] internal uint Index;
    [FieldOffset(4)] internal uint LeafCount;
    [FieldOffset(8)] internal uint MsrCount;
    [FieldOffset(16)] internal ulong Leaves;
    [FieldOffset(24)] internal ulong Msrs;
}

/// <summary>Width of a PV guest in bits (xen_domctl_address_size).</summary>
[StructLayout(LayoutKind.Explicit, Size = 4)]
internal struct AddressSizeOp
{
    internal const uint Set = 35;
    internal const uint Get = 36;

    [FieldOffset(0)] internal uint Bits;
}
