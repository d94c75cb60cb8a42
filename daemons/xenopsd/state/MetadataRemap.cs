using System.Collections.Immutable;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.State;

/// <summary>A VM's record as another host must have it: disks, networks and PCI devices are others there (xenops protocol, VM.export_metadata
/// for a migration).</summary>
public static class MetadataRemap
{
    /// <param name="record">As it is here.</param>
    /// <param name="disks">From a disk here (<c>SR/VDI</c>, whole) to the one there; of VBDs and of a boot loader.</param>
    /// <param name="networks">By VIF.</param>
    /// <param name="functions">By VGPU: <c>device</c> for the card's own address, <c>vf:device</c> for that of its virtual function, which the PCI
    /// devices that carry it follow.</param>
    public static VmRecord Apply(
        VmRecord record,
        ImmutableSortedDictionary<string, string> disks,
        ImmutableSortedDictionary<string, Network> networks,
        ImmutableSortedDictionary<string, PciAddress> functions)
    {
        var moved = new Dictionary<PciAddress, PciAddress>();
        ImmutableArray<Vgpu> vgpus = [.. record.Vgpus.Select(g => Vgpu(g, functions, moved))];
        return record with
        {
            Vm = record.Vm with { ty = Builder(record.Vm.ty, disks) },
            Vbds = [.. record.Vbds.Select(v => v.backend is { } disk ? v with { backend = Disk(disk, disks) } : v)],
            Vifs = [.. record.Vifs.Select(v => networks.TryGetValue(v.id.device, out var network) ? v with { backend = network } : v)],
            Vgpus = vgpus,
            Pcis = [.. record.Pcis.Select(p => moved.TryGetValue(p.address, out var there) ? p with { address = there, id = (p.id.vm, there.ToString()) } : p)],
        };
    }

    private static Vgpu Vgpu(Vgpu vgpu, ImmutableSortedDictionary<string, PciAddress> functions, Dictionary<PciAddress, PciAddress> moved)
    {
        if (functions.TryGetValue(vgpu.id.device, out var card))
        {
            moved[vgpu.physical_pci_address] = card;
            vgpu = vgpu with { physical_pci_address = card };
        }

        if (vgpu.virtual_pci_address is { } old && functions.TryGetValue($"vf:{vgpu.id.device}", out var function))
        {
            moved[old] = function;
            vgpu = vgpu with { virtual_pci_address = function };
        }

        return vgpu;
    }

    private static BuilderInfo Builder(BuilderInfo builder, ImmutableSortedDictionary<string, string> disks) => builder switch
    {
        BuilderInfo.PV b => new BuilderInfo.PV(Boot(b.info, disks)),
        BuilderInfo.PVinPVH b => new BuilderInfo.PVinPVH(Boot(b.info, disks)),
        BuilderInfo.PVH b => new BuilderInfo.PVH(Boot(b.info, disks)),
        _ => builder,
    };

    private static PvInfo Boot(PvInfo info, ImmutableSortedDictionary<string, string> disks) => info.boot is PvBoot.Indirect { info: var loader }
        ? info with { boot = new PvBoot.Indirect(loader with { devices = [.. loader.devices.Select(d => Disk(d, disks))] }) }
        : info;

    private static Disk Disk(Disk disk, ImmutableSortedDictionary<string, string> disks) =>
        disk is Contract.Disk.VDI { location: var here } && disks.TryGetValue(here, out string? there) ? new Disk.VDI(there) : disk;
}
