using System.Runtime.InteropServices;

namespace Toolstack.Interop.Xen.Abi;

/// <summary>Log-dirty mode (xen_domctl_shadow_op). <see cref="Pages"/> goes in as the bitmap's length in bits and comes back as
/// how many bits were copied.</summary>
[StructLayout(LayoutKind.Explicit, Size = 40)]
internal struct ShadowOp
{
    internal const uint Command = 10;

    internal const uint Off = 0;
    internal const uint EnableLogDirty = 2;

    /// <summary>Copies the bitmap, if there is a buffer for it, and clears it.</summary>
    internal const uint Clean = 11;

    /// <summary>Copies the bitmap.</summary>
    internal const uint Peek = 12;

    /// <summary>With Clean and Peek: frames that backends have mapped writable count as written.</summary>
    internal const uint Final = 1;

    [FieldOffset(0)] internal uint Operation;
    [FieldOffset(4)] internal uint Mode;
    [FieldOffset(8)] internal uint Megabytes;
    [FieldOffset(16)] internal ulong DirtyBitmap;
    [FieldOffset(24)] internal ulong Pages;
    [FieldOffset(32)] internal uint FaultCount;
    [FieldOffset(36)] internal uint DirtyCount;
}
