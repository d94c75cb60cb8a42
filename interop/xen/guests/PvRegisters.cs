using System.Runtime.InteropServices;
using Toolstack.Interop.Xen.Abi;

namespace Toolstack.Interop.Xen.Guests;

/// <summary>The registers of a PV vCPU, as <see cref="XenGuest.GetVcpuContext"/> gives them, where they name frames.</summary>
public readonly ref struct PvRegisters
{
    private const int PageShift = 12;

    private readonly ref VcpuGuestContext context;

    /// <summary>A view of <see cref="XenGuest.VcpuContextBytes"/> bytes; what is set here changes them.</summary>
    public PvRegisters(Span<byte> context)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(context.Length, XenGuest.VcpuContextBytes, nameof(context));
        this.context = ref MemoryMarshal.AsRef<VcpuGuestContext>(context);
    }

    /// <summary>Frames that hold the vCPU's descriptors; at most 16, or a number over that when the registers are broken.</summary>
    public int GdtFrames => (int)Math.Min((context.GdtEntries + VcpuGuestContext.GdtEntriesPerFrame - 1) / VcpuGuestContext.GdtEntriesPerFrame, int.MaxValue);

    public static int MaxGdtFrames => VcpuGuestContext.MaxGdtFrames;

    /// <summary>Of a suspended guest's first vCPU: the frame of its start_info.</summary>
    public ref ulong StartInfo => ref context.Rdx;

    /// <summary>Frame of the root of the kernel's page tables.</summary>
    public ulong Root
    {
        get => context.ControlRegister(3) >> PageShift;
        set => context.ControlRegister(3) = value << PageShift;
    }

    /// <summary>Whether there is a root of the user's page tables.</summary>
    public bool HasUserRoot => context.ControlRegister(1) != 0;

    /// <summary>Frame of that root as Xen has it.</summary>
    public ulong UserRoot
    {
        get => context.ControlRegister(1) >> PageShift;
        set => context.ControlRegister(1) = value << PageShift;
    }

    /// <summary>The user's root as the migration stream has it: the frame's number with the lowest bit of the register set.</summary>
    public void SetStreamUserRoot(ulong frame) => context.ControlRegister(1) = (frame << PageShift) | 1;

    public ref ulong GdtFrame(int index) => ref context.GdtFrame(index);

    /// <summary>The vCPU comes up when the domain runs.</summary>
    public void SetOnline() => context.Flags |= VcpuGuestContext.Online;
}
