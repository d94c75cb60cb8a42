using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace Toolstack.Interop.Xen.Abi;

/// <summary>Registers of a 64-bit PV vCPU (vcpu_guest_context); only what a migration has to translate is named.</summary>
[StructLayout(LayoutKind.Explicit, Size = 5168)]
internal unsafe struct VcpuGuestContext
{
    /// <summary>Bit of <see cref="Flags"/>: the vCPU is up.</summary>
    internal const ulong Online = 0x20;

    internal const int MaxGdtFrames = 16;
    internal const int GdtEntriesPerFrame = 512;

    [FieldOffset(512)] internal ulong Flags;

    /// <summary>Of a suspended guest's first vCPU: the result of the hypercall that suspended it.</summary>
    [FieldOffset(600)] internal ulong Rax;

    /// <summary>Of a suspended guest's first vCPU: the frame of its start_info.</summary>
    [FieldOffset(616)] internal ulong Rdx;

    [FieldOffset(4832)] private fixed ulong gdtFrames[MaxGdtFrames];
    [FieldOffset(4960)] internal ulong GdtEntries;

    [FieldOffset(4984)] private fixed ulong controlRegisters[8];

    [UnscopedRef]
    internal ref ulong GdtFrame(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)MaxGdtFrames);
        return ref gdtFrames[index];
    }

    /// <summary>cr3 is number 3; number 1 is the root of the user's tables, or 0.</summary>
    [UnscopedRef]
    internal ref ulong ControlRegister(int number)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)number, 8u);
        return ref controlRegisters[number];
    }
}
