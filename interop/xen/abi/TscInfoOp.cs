using System.Runtime.InteropServices;

namespace Toolstack.Interop.Xen.Abi;

/// <summary>How a guest sees the time stamp counter (xen_domctl_tsc_info).</summary>
[StructLayout(LayoutKind.Explicit, Size = 24)]
internal struct TscInfoOp
{
    internal const uint Get = 59;
    internal const uint Set = 60;

    [FieldOffset(0)] internal uint Mode;
    [FieldOffset(4)] internal uint Khz;
    [FieldOffset(8)] internal uint Incarnation;
    [FieldOffset(16)] internal ulong ElapsedNanoseconds;
}
