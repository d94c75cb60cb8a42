using Toolstack.Interop.Xen.Guests;
using Toolstack.Xenopsd.Migration.Stream;

namespace Toolstack.Xenopsd.Backends.Xen.Migration;

/// <summary>An empty PV domain as the restore engine sees it. Its vCPUs are set up already.</summary>
internal sealed class PvTarget(XenGuest guest, int storePort, int consolePort) : IHypervisorTarget
{
    private readonly PvTargetMemory memory = new(guest);
    private GuestRings? rings;

    public IGuestMemory Memory => memory;

    public GuestType Type => GuestType.Pv;

    public GuestRings Rings => rings ?? throw new InvalidOperationException("the image has not been read");

    public void SetStaticState(StaticState state) => XenState.WriteStatic(guest, state);

    public void SetTable(PvTable table) => memory.SetTable(table);

    /// <summary>First everything that is written into the guest's frames, then what Xen checks, which wants none of them mapped.</summary>
    public void SetDynamicState(DynamicState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        var pv = state.Pv ?? throw new StreamError(StreamFault.MissingRecord, "the state of a PV guest");
        XenState.WriteTsc(guest, state.Tsc);
        var sharedFrame = guest.Facts().SharedInfoFrame;
        using (var shared = guest.Map([sharedFrame], writable: true))
        {
            new PvSharedInfo(shared.Bytes).Adopt(pv.SharedInfo.Span);
        }

        var found = AdoptStartInfo(pv.Vcpus[0], sharedFrame);
        memory.Complete();
        memory.Window.Clear();

        foreach (var vcpu in pv.Vcpus)
        {
            SetVcpu(vcpu);
        }

        memory.Pin();
        guest.SeedGrants(found.Console, consoleDomid: 0, found.Store, storeDomid: 0);
        rings = found;
    }

    public void Dispose()
    {
        memory.Dispose();
        guest.Dispose();
    }

    /// <summary>The guest left pfns where it wants the frames of its rings.</summary>
    private GuestRings AdoptStartInfo(PvVcpu first, ulong sharedFrame)
    {
        var pfn = new PvRegisters(first.Basic.ToArray()).StartInfo;
        PvStartInfo info = new(memory.Page(pfn, "start_info"));
        GuestRings found = new(
            memory.RequireMachine(info.StoreFrame, level: 0, "ring to xenstore"), memory.RequireMachine(info.ConsoleFrame, level: 0, "ring to the console"));
        (info.StoreFrame, info.ConsoleFrame) = (found.Store, found.Console);
        info.Adopt(memory.TableLength, sharedFrame, storePort, consolePort);
        return found;
    }

    private void SetVcpu(PvVcpu vcpu)
    {
        var registers = vcpu.Basic.ToArray();
        PvVcpuFrames.FromStream(registers, vcpu.Id, memory);
        guest.SetVcpuContext(vcpu.Id, registers);
        if (!vcpu.Extended.IsEmpty)
        {
            guest.SetVcpuExtended(vcpu.Id, vcpu.Extended.Span);
        }

        if (!vcpu.Xsave.IsEmpty)
        {
            guest.SetVcpuExtendedState(vcpu.Id, vcpu.Xsave.Span);
        }

        if (!vcpu.Msrs.IsEmpty)
        {
            guest.SetVcpuMsrs(vcpu.Id, vcpu.Msrs.Span);
        }
    }
}
