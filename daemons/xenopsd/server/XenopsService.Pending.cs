using System.Collections.Immutable;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Server;

public sealed partial class XenopsService
{
    public Task<string> HostGetConsoleData(string debug_info, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(HostGetConsoleData)));

    public Task HostSendDebugKeys(string debug_info, string debug_keys, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(HostSendDebugKeys)));

    public Task HostSetWorkerPoolSize(string debug_info, long pool_size, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(HostSetWorkerPoolSize)));

    public Task HostUpdateGuestAgentFeatures(string debug_info, ImmutableArray<GuestAgentFeature> features, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(HostUpdateGuestAgentFeatures)));

    public Task HostSetNumaAffinityPolicy(string debug_info, NumaAffinityPolicy? numa_affinity_policy, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(HostSetNumaAffinityPolicy)));

    public Task<string> VmSuspend(string debug_info, string id, Disk suspend_vdi, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(VmSuspend)));

    public Task<string> VmResume(string debug_info, string id, Disk suspend_vdi, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(VmResume)));

    public Task<string> VmFastResume(string debug_info, string id, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(VmFastResume)));

    public Task<string> VmS3Suspend(string debug_info, string id, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(VmS3Suspend)));

    public Task<string> VmS3Resume(string debug_info, string id, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(VmS3Resume)));

    public Task<string> VmCreate(string debug_info, string id, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(VmCreate)));

    public Task<string> VmBuild(string debug_info, string id, bool force, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(VmBuild)));

    public Task<string> VmCreateDeviceModel(string debug_info, string id, bool save_state, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(VmCreateDeviceModel)));

    public Task<string> VmDestroy(string debug_info, string id, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(VmDestroy)));

    public Task<string> VmRequestRdp(string debug_info, string id, bool enabled, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(VmRequestRdp)));

    public Task<string> VmSetXsdata(string debug_info, string id, ImmutableSortedDictionary<string, string> xsdata, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(VmSetXsdata)));

    public Task<string> VmSetVcpus(string debug_info, string id, long vcpus, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(VmSetVcpus)));

    public Task<string> VmSetShadowMultiplier(string debug_info, string id, double multiplier, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(VmSetShadowMultiplier)));

    public Task<string> VmSetMemoryDynamicRange(string debug_info, string id, long minimum, long maximum, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(VmSetMemoryDynamicRange)));

    public Task<(string vm, string device)> PciAdd(string debug_info, Pci pci, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(PciAdd)));

    public Task PciRemove(string debug_info, (string vm, string device) id, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(PciRemove)));

    public Task<(Pci pci, PciState state)> PciStat(string debug_info, (string vm, string device) id, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(PciStat)));

    public Task<ImmutableArray<(Pci pci, PciState state)>> PciList(string debug_info, string id, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(PciList)));

    public Task PciDequarantine(string debug_info, PciAddress pci_addr, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(PciDequarantine)));

    public Task<(string vm, string device)> VbdAdd(string debug_info, Vbd vbd, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(VbdAdd)));

    public Task VbdRemove(string debug_info, (string vm, string device) id, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(VbdRemove)));

    public Task<(Vbd vbd, VbdState state)> VbdStat(string debug_info, (string vm, string device) id, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(VbdStat)));

    public Task<ImmutableArray<(Vbd vbd, VbdState state)>> VbdList(string debug_info, string id, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(VbdList)));

    public Task<string> VbdPlug(string debug_info, (string vm, string device) id, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(VbdPlug)));

    public Task<string> VbdUnplug(string debug_info, (string vm, string device) id, bool force, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(VbdUnplug)));

    public Task<string> VbdEject(string debug_info, (string vm, string device) id, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(VbdEject)));

    public Task<string> VbdInsert(string debug_info, (string vm, string device) id, Disk disk, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(VbdInsert)));

    public Task<(string vm, string device)> VifAdd(string debug_info, Vif vif, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(VifAdd)));

    public Task VifRemove(string debug_info, (string vm, string device) id, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(VifRemove)));

    public Task<(Vif vif, VifState state)> VifStat(string debug_info, (string vm, string device) id, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(VifStat)));

    public Task<ImmutableArray<(Vif vif, VifState state)>> VifList(string debug_info, string id, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(VifList)));

    public Task<string> VifPlug(string debug_info, (string vm, string device) id, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(VifPlug)));

    public Task<string> VifUnplug(string debug_info, (string vm, string device) id, bool force, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(VifUnplug)));

    public Task<string> VifMove(string debug_info, (string vm, string device) id, Network network, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(VifMove)));

    public Task<string> VifSetCarrier(string debug_info, (string vm, string device) id, bool carrier, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(VifSetCarrier)));

    public Task<string> VifSetLockingMode(string debug_info, (string vm, string device) id, LockingMode locking_mode, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(VifSetLockingMode)));

    public Task<string> VifSetIpv4Configuration(string debug_info, (string vm, string device) id, Ipv4Configuration ipv4_configuration, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(VifSetIpv4Configuration)));

    public Task<string> VifSetIpv6Configuration(string debug_info, (string vm, string device) id, Ipv6Configuration ipv6_configuration, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(VifSetIpv6Configuration)));

    public Task<string> VifSetPvsProxy(string debug_info, (string vm, string device) id, (string site, ImmutableArray<PvsServer> servers, string network)? proxy, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(VifSetPvsProxy)));

    public Task<string> VifSetTrunks(string debug_info, (string vm, string device) id, ImmutableArray<long> trunks, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(VifSetTrunks)));

    public Task<(string vm, string device)> VgpuAdd(string debug_info, Vgpu vgpu, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(VgpuAdd)));

    public Task VgpuRemove(string debug_info, (string vm, string device) id, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(VgpuRemove)));

    public Task<(Vgpu vgpu, VgpuState state)> VgpuStat(string debug_info, (string vm, string device) id, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(VgpuStat)));

    public Task<ImmutableArray<(Vgpu vgpu, VgpuState state)>> VgpuList(string debug_info, string id, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(VgpuList)));

    public Task<(string vm, string device)> VusbAdd(string debug_info, Vusb vusb, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(VusbAdd)));

    public Task VusbRemove(string debug_info, (string vm, string device) id, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(VusbRemove)));

    public Task<(Vusb vusb, VusbState state)> VusbStat(string debug_info, (string vm, string device) id, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(VusbStat)));

    public Task<ImmutableArray<(Vusb vusb, VusbState state)>> VusbList(string debug_info, string id, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(VusbList)));

    public Task<string> VusbPlug(string debug_info, (string vm, string device) id, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(VusbPlug)));

    public Task<string> VusbUnplug(string debug_info, (string vm, string device) id, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(VusbUnplug)));

    public Task ObserverCreate(string dbg, string uuid, string name_label, ImmutableSortedDictionary<string, string> attributes, ImmutableArray<string> endpoints, bool enabled, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(ObserverCreate)));

    public Task ObserverDestroy(string dbg, string uuid, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(ObserverDestroy)));

    public Task ObserverSetEnabled(string dbg, string uuid, bool enabled, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(ObserverSetEnabled)));

    public Task ObserverSetAttributes(string dbg, string uuid, ImmutableSortedDictionary<string, string> attributes, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(ObserverSetAttributes)));

    public Task ObserverSetEndpoints(string dbg, string uuid, ImmutableArray<string> endpoints, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(ObserverSetEndpoints)));

    public Task ObserverInit(string dbg, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(ObserverInit)));

    public Task ObserverSetTraceLogDir(string dbg, string directory, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(ObserverSetTraceLogDir)));

    public Task ObserverSetExportInterval(string dbg, double interval, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(ObserverSetExportInterval)));

    public Task ObserverSetExportChunkSize(string dbg, long spans, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(ObserverSetExportChunkSize)));

    public Task ObserverSetMaxSpans(string dbg, long spans, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(ObserverSetMaxSpans)));

    public Task ObserverSetMaxTraces(string dbg, long traces, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(ObserverSetMaxTraces)));

    public Task ObserverSetMaxDepth(string dbg, long depth, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(ObserverSetMaxDepth)));

    public Task ObserverSetMaxFileSize(string dbg, long bytes, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(ObserverSetMaxFileSize)));

    public Task ObserverSetHostId(string dbg, string host, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(ObserverSetHostId)));

    public Task ObserverSetCompressTracingFiles(string dbg, bool enabled, CancellationToken cancel) =>
        throw new XenopsError(new XenopsErrorValue.Unimplemented(nameof(ObserverSetCompressTracingFiles)));
}
