using System.Runtime.InteropServices;

namespace Toolstack.Interop.Xen.Abi;

/// <summary>Reads or sets the whole HVM context (xen_domctl_hvmcontext); without a buffer the read gives the size.</summary>
[StructLayout(LayoutKind.Explicit, Size = 16)]
internal struct HvmContextOp
{
    internal const uint Get = 33;
    internal const uint Set = 34;

    [FieldOffset(0)] internal uint Size;
    [FieldOffset(8)] internal ulong Buffer;
}
