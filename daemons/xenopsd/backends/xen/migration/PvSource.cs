using Toolstack.Interop.Xen.Guests;
using Toolstack.Xenopsd.Migration.Stream;

namespace Toolstack.Xenopsd.Backends.Xen.Migration;

/// <summary>A running PV domain as the save engine sees it.</summary>
internal sealed class PvSource : IHypervisorSource
{
    private const int Width = 64;

    private readonly XenGuest guest;
    private readonly Action suspend;
    private readonly PvSourceMemory memory;

    public PvSource(XenGuest guest, string description, Action suspend)
    {
        this.guest = guest;
        this.suspend = suspend;
        VmDescription = description;
        if (guest.AddressSize() != Width)
        {
            throw XenState.Unimplemented("save of a 32-bit PV guest");
        }

        memory = new PvSourceMemory(guest);
    }

    public IGuestMemory Memory => memory;

    public GuestType Type => GuestType.Pv;

    public string VmDescription { get; }

    public StaticState GetStaticState() => XenState.ReadStatic(guest);

    public PvTable? GetTable() => memory.Table.Own;

    public void Suspend()
    {
        memory.Premap();
        suspend();
        XenState.RequireSuspended(guest);
        memory.Load();
    }

    public DynamicState GetDynamicState()
    {
        using var shared = guest.Map([guest.Facts().SharedInfoFrame], writable: false);
        return new DynamicState(ReadOnlyMemory<byte>.Empty, [], XenState.ReadTsc(guest)) { Pv = new PvState(shared.Bytes.ToArray(), Vcpus()) };
    }

    public void Dispose()
    {
        memory.Dispose();
        guest.Dispose();
    }

    private List<PvVcpu> Vcpus()
    {
        var vcpus = new List<PvVcpu>();
        for (var id = 0; id <= guest.Facts().MaxVcpuId; id++)
        {
            if (guest.IsVcpuOnline(id))
            {
                var registers = guest.GetVcpuContext(id);
                PvVcpuFrames.ToStream(registers, id, memory.Table);
                vcpus.Add(new PvVcpu(id, registers, guest.GetVcpuExtended(id), guest.GetVcpuExtendedState(id), guest.GetVcpuMsrs(id)));
            }
        }

        return vcpus;
    }
}
