using System.Runtime.InteropServices;

namespace Toolstack.Interop.Xen.Abi;

/// <summary>One parameter of an HVM or PVH domain (xen_hvm_param), for hvm_op.</summary>
[StructLayout(LayoutKind.Explicit, Size = 16)]
internal struct HvmParamOp
{
    internal const ulong Set = 0;
    internal const ulong Get = 1;

    [FieldOffset(0)] internal ushort Domain;
    [FieldOffset(4)] internal uint Index;
    [FieldOffset(8)] internal ulong Value;
}
