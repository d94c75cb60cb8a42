using System.Runtime.InteropServices;

namespace Toolstack.Interop.Xen.Abi;

/// <summary>Types of frames (xen_domctl_getpageframeinfo3): each u64 goes in as a frame number and comes back with the type in
/// bits 28 to 31. E2BIG over <see cref="MaxFrames"/>.</summary>
[StructLayout(LayoutKind.Explicit, Size = 16)]
internal struct PageFrameInfo
{
    internal const uint Command = 61;
    internal const int MaxFrames = 1024;
    internal const int TypeShift = 28;

    [FieldOffset(0)] internal ulong Count;
    [FieldOffset(8)] internal ulong Array;
}
