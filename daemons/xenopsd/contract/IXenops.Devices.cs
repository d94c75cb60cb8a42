using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xenopsd.Contract;

/// <summary>Devices. <c>add</c> writes metadata and replaces what was there; <c>remove</c> raises Device_is_connected for a plugged device;
/// <c>id</c> is the VM's uuid and the device, in <c>list</c> the VM's uuid.</summary>
public partial interface IXenops
{
    [WireName("PCI.add"), RetrySafe] Task<(string vm, string device)> PciAdd(string debug_info, Pci pci, CancellationToken cancel);
    [WireName("PCI.remove")] Task PciRemove(string debug_info, (string vm, string device) id, CancellationToken cancel);
    [WireName("PCI.stat"), RetrySafe] Task<(Pci pci, PciState state)> PciStat(string debug_info, (string vm, string device) id, CancellationToken cancel);
    [WireName("PCI.list"), RetrySafe] Task<ImmutableArray<(Pci pci, PciState state)>> PciList(string debug_info, string id, CancellationToken cancel);
    /// <summary>Takes a device back from quarantine, for this host's own use.</summary>
    [WireName("PCI.dequarantine"), RetrySafe] Task PciDequarantine(string debug_info, PciAddress pci_addr, CancellationToken cancel);

    [WireName("VBD.add"), RetrySafe] Task<(string vm, string device)> VbdAdd(string debug_info, Vbd vbd, CancellationToken cancel);
    [WireName("VBD.remove")] Task VbdRemove(string debug_info, (string vm, string device) id, CancellationToken cancel);
    [WireName("VBD.stat"), RetrySafe] Task<(Vbd vbd, VbdState state)> VbdStat(string debug_info, (string vm, string device) id, CancellationToken cancel);
    [WireName("VBD.list"), RetrySafe] Task<ImmutableArray<(Vbd vbd, VbdState state)>> VbdList(string debug_info, string id, CancellationToken cancel);
    /// <summary>T.</summary>
    [WireName("VBD.plug")] Task<string> VbdPlug(string debug_info, (string vm, string device) id, CancellationToken cancel);
    /// <summary>T.</summary>
    [WireName("VBD.unplug")] Task<string> VbdUnplug(string debug_info, (string vm, string device) id, bool force, CancellationToken cancel);
    /// <summary>T. Media_not_ejectable for a disk.</summary>
    [WireName("VBD.eject")] Task<string> VbdEject(string debug_info, (string vm, string device) id, CancellationToken cancel);
    /// <summary>T.</summary>
    [WireName("VBD.insert")] Task<string> VbdInsert(string debug_info, (string vm, string device) id, Disk disk, CancellationToken cancel);

    [WireName("VIF.add"), RetrySafe] Task<(string vm, string device)> VifAdd(string debug_info, Vif vif, CancellationToken cancel);
    [WireName("VIF.remove")] Task VifRemove(string debug_info, (string vm, string device) id, CancellationToken cancel);
    [WireName("VIF.stat"), RetrySafe] Task<(Vif vif, VifState state)> VifStat(string debug_info, (string vm, string device) id, CancellationToken cancel);
    [WireName("VIF.list"), RetrySafe] Task<ImmutableArray<(Vif vif, VifState state)>> VifList(string debug_info, string id, CancellationToken cancel);
    /// <summary>T.</summary>
    [WireName("VIF.plug")] Task<string> VifPlug(string debug_info, (string vm, string device) id, CancellationToken cancel);
    /// <summary>T.</summary>
    [WireName("VIF.unplug")] Task<string> VifUnplug(string debug_info, (string vm, string device) id, bool force, CancellationToken cancel);
    /// <summary>T. To another network, without the guest losing its interface.</summary>
    [WireName("VIF.move")] Task<string> VifMove(string debug_info, (string vm, string device) id, Network network, CancellationToken cancel);
    /// <summary>T.</summary>
    [WireName("VIF.set_carrier")] Task<string> VifSetCarrier(string debug_info, (string vm, string device) id, bool carrier, CancellationToken cancel);
    /// <summary>T.</summary>
    [WireName("VIF.set_locking_mode")] Task<string> VifSetLockingMode(string debug_info, (string vm, string device) id, LockingMode locking_mode, CancellationToken cancel);
    /// <summary>T.</summary>
    [WireName("VIF.set_ipv4_configuration")]
    Task<string> VifSetIpv4Configuration(string debug_info, (string vm, string device) id, Ipv4Configuration ipv4_configuration, CancellationToken cancel);
    /// <summary>T.</summary>
    [WireName("VIF.set_ipv6_configuration")]
    Task<string> VifSetIpv6Configuration(string debug_info, (string vm, string device) id, Ipv6Configuration ipv6_configuration, CancellationToken cancel);
    /// <summary>T. Without a proxy the traffic goes straight again.</summary>
    [WireName("VIF.set_pvs_proxy")]
    Task<string> VifSetPvsProxy(string debug_info, (string vm, string device) id, (string site, ImmutableArray<PvsServer> servers, string network)? proxy, CancellationToken cancel);
    /// <summary>T. The VLANs that a VIF on a trunk may use.</summary>
    [WireName("VIF.set_trunks")] Task<string> VifSetTrunks(string debug_info, (string vm, string device) id, ImmutableArray<long> trunks, CancellationToken cancel);

    [WireName("VGPU.add"), RetrySafe] Task<(string vm, string device)> VgpuAdd(string debug_info, Vgpu vgpu, CancellationToken cancel);
    [WireName("VGPU.remove")] Task VgpuRemove(string debug_info, (string vm, string device) id, CancellationToken cancel);
    [WireName("VGPU.stat"), RetrySafe] Task<(Vgpu vgpu, VgpuState state)> VgpuStat(string debug_info, (string vm, string device) id, CancellationToken cancel);
    [WireName("VGPU.list"), RetrySafe] Task<ImmutableArray<(Vgpu vgpu, VgpuState state)>> VgpuList(string debug_info, string id, CancellationToken cancel);

    [WireName("VUSB.add"), RetrySafe] Task<(string vm, string device)> VusbAdd(string debug_info, Vusb vusb, CancellationToken cancel);
    [WireName("VUSB.remove")] Task VusbRemove(string debug_info, (string vm, string device) id, CancellationToken cancel);
    [WireName("VUSB.stat"), RetrySafe] Task<(Vusb vusb, VusbState state)> VusbStat(string debug_info, (string vm, string device) id, CancellationToken cancel);
    [WireName("VUSB.list"), RetrySafe] Task<ImmutableArray<(Vusb vusb, VusbState state)>> VusbList(string debug_info, string id, CancellationToken cancel);
    /// <summary>T.</summary>
    [WireName("VUSB.plug")] Task<string> VusbPlug(string debug_info, (string vm, string device) id, CancellationToken cancel);
    /// <summary>T.</summary>
    [WireName("VUSB.unplug")] Task<string> VusbUnplug(string debug_info, (string vm, string device) id, CancellationToken cancel);
}
