using Toolstack.Interop.Xen.Guests;
using Toolstack.Xenopsd.Migration.Stream;

namespace Toolstack.Xenopsd.Backends.Xen.Migration;

/// <summary>The frames that a PV vCPU's registers name: machine frames in a domain, pfns in the stream.</summary>
internal static class PvVcpuFrames
{
    /// <summary>Raises HypervisorError when a register names a frame that is not the guest's.</summary>
    public static void ToStream(Span<byte> context, int vcpu, PvFrameTable table)
    {
        PvRegisters registers = new(context);
        if (vcpu == 0)
        {
            registers.StartInfo = table.RequirePfn(registers.StartInfo, "start_info");
        }

        for (var i = 0; i < Math.Min(registers.GdtFrames, PvRegisters.MaxGdtFrames); i++)
        {
            registers.GdtFrame(i) = table.RequirePfn(registers.GdtFrame(i), "GDT");
        }

        registers.Root = table.RequirePfn(registers.Root, "cr3");
        if (registers.HasUserRoot)
        {
            registers.SetStreamUserRoot(table.RequirePfn(registers.UserRoot, "cr1"));
        }
    }

    /// <summary>Raises StreamError when a register names a frame that did not come or is of the wrong type.</summary>
    public static void FromStream(Span<byte> context, int vcpu, PvTargetMemory memory)
    {
        PvRegisters registers = new(context);
        if (vcpu == 0)
        {
            registers.StartInfo = memory.RequireMachine(registers.StartInfo, level: 0, "start_info");
        }

        if (registers.GdtFrames > PvRegisters.MaxGdtFrames)
        {
            throw new StreamError(StreamFault.BadBody, $"vCPU {vcpu}: a GDT of {registers.GdtFrames} frames");
        }

        for (var i = 0; i < registers.GdtFrames; i++)
        {
            registers.GdtFrame(i) = memory.RequireMachine(registers.GdtFrame(i), level: 0, "GDT");
        }

        const int top = StreamFormat.PageTableLevels;
        registers.Root = memory.RequireMachine(registers.Root, top, "cr3");
        if (registers.HasUserRoot)
        {
            registers.UserRoot = memory.RequireMachine(registers.UserRoot, top, "cr1");
        }

        registers.SetOnline();
    }
}
