using System.Collections.Immutable;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Tests.VirtualMachines;

/// <summary>A xenopsd that answers nothing; tests override what they need.</summary>
internal abstract class FakeXenops : IXenops
{
    public virtual Task<QueryResult> Query(string debug_info, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<string> GetDiagnostics(string debug_info, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<TaskInfo> TaskStat(string debug_info, string id, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<TaskInfo> TaskTake(string debug_info, string id, double timeout, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task TaskCancel(string debug_info, string id, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task TaskDestroy(string debug_info, string id, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task TaskDestroyOnFinish(string debug_info, string id, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<ImmutableArray<TaskInfo>> TaskList(string debug_info, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<HostInfo> HostStat(string debug_info, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<long> HostGetTotalMemoryMib(string debug_info, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<string> HostCombineCpuPolicies(string debug_info, string policy1, string policy2, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<bool> HostIsCompatible(string debug_info, string vm_policy, string host_policy, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<string> VmAdd(string debug_info, Vm vm, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task VmRemove(string debug_info, string id, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<bool> VmExists(string debug_info, string id, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<ImmutableArray<(Vm vm, VmState state)>> VmList(string debug_info, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<(Vm vm, VmState state)> VmStat(string debug_info, string id, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<string> VmImportMetadata(string debug_info, string metadata, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<string> VmImportMetadataAsync(string debug_info, string metadata, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<string> VmExportMetadata(string debug_info, string id, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<string> VmGenerateStateString(string debug_info, Vm vm, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<string> VmStart(string debug_info, string id, bool paused, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<string> VmShutdown(string debug_info, string id, double? delay, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<string> VmReboot(string debug_info, string id, double? delay, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<string> VmPause(string debug_info, string id, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<string> VmUnpause(string debug_info, string id, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<string> VmDelay(string debug_info, string id, double delay, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<string> VmRunScript(string debug_info, string id, string script, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<string> VmMigrate(string debug_info, string id, ImmutableSortedDictionary<string, string> vdi_map, ImmutableSortedDictionary<string, Network> vif_map, ImmutableSortedDictionary<string, PciAddress> pci_map, string xenops_url, bool compress, bool verify_dest, bool localhost_migration, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<(ImmutableArray<(long id, ImmutableArray<DynamicId> objects)> barriers, ImmutableArray<DynamicId> events, long next)> UpdatesGet( string debug_info, long? last_id, long? timeout, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<long> UpdatesLastId(string debug_info, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task UpdatesInjectBarrier(string debug_info, string vm_id, long id, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task UpdatesRemoveBarrier(string debug_info, long id, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task UpdatesRefreshVm(string debug_info, string id, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task DebugTrigger(string debug_info, string cmd, ImmutableArray<string> args, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task DebugShutdown(string debug_info, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<string> HostGetConsoleData(string debug_info, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task HostSendDebugKeys(string debug_info, string debug_keys, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task HostSetWorkerPoolSize(string debug_info, long pool_size, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task HostUpdateGuestAgentFeatures(string debug_info, ImmutableArray<GuestAgentFeature> features, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task HostSetNumaAffinityPolicy(string debug_info, NumaAffinityPolicy? numa_affinity_policy, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<string> VmSuspend(string debug_info, string id, Disk suspend_vdi, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<string> VmResume(string debug_info, string id, Disk suspend_vdi, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<string> VmFastResume(string debug_info, string id, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<string> VmS3Suspend(string debug_info, string id, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<string> VmS3Resume(string debug_info, string id, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<string> VmCreate(string debug_info, string id, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<string> VmBuild(string debug_info, string id, bool force, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<string> VmCreateDeviceModel(string debug_info, string id, bool save_state, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<string> VmDestroy(string debug_info, string id, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<string> VmRequestRdp(string debug_info, string id, bool enabled, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<string> VmSetXsdata(string debug_info, string id, ImmutableSortedDictionary<string, string> xsdata, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<string> VmSetVcpus(string debug_info, string id, long vcpus, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<string> VmSetShadowMultiplier(string debug_info, string id, double multiplier, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<string> VmSetMemoryDynamicRange(string debug_info, string id, long minimum, long maximum, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<(string vm, string device)> PciAdd(string debug_info, Pci pci, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task PciRemove(string debug_info, (string vm, string device) id, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<(Pci pci, PciState state)> PciStat(string debug_info, (string vm, string device) id, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<ImmutableArray<(Pci pci, PciState state)>> PciList(string debug_info, string id, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task PciDequarantine(string debug_info, PciAddress pci_addr, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<(string vm, string device)> VbdAdd(string debug_info, Vbd vbd, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task VbdRemove(string debug_info, (string vm, string device) id, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<(Vbd vbd, VbdState state)> VbdStat(string debug_info, (string vm, string device) id, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<ImmutableArray<(Vbd vbd, VbdState state)>> VbdList(string debug_info, string id, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<string> VbdPlug(string debug_info, (string vm, string device) id, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<string> VbdUnplug(string debug_info, (string vm, string device) id, bool force, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<string> VbdEject(string debug_info, (string vm, string device) id, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<string> VbdInsert(string debug_info, (string vm, string device) id, Disk disk, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<(string vm, string device)> VifAdd(string debug_info, Vif vif, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task VifRemove(string debug_info, (string vm, string device) id, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<(Vif vif, VifState state)> VifStat(string debug_info, (string vm, string device) id, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<ImmutableArray<(Vif vif, VifState state)>> VifList(string debug_info, string id, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<string> VifPlug(string debug_info, (string vm, string device) id, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<string> VifUnplug(string debug_info, (string vm, string device) id, bool force, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<string> VifMove(string debug_info, (string vm, string device) id, Network network, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<string> VifSetCarrier(string debug_info, (string vm, string device) id, bool carrier, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<string> VifSetLockingMode(string debug_info, (string vm, string device) id, LockingMode locking_mode, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<string> VifSetIpv4Configuration(string debug_info, (string vm, string device) id, Ipv4Configuration ipv4_configuration, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<string> VifSetIpv6Configuration(string debug_info, (string vm, string device) id, Ipv6Configuration ipv6_configuration, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<string> VifSetPvsProxy(string debug_info, (string vm, string device) id, (string site, ImmutableArray<PvsServer> servers, string network)? proxy, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<string> VifSetTrunks(string debug_info, (string vm, string device) id, ImmutableArray<long> trunks, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<(string vm, string device)> VgpuAdd(string debug_info, Vgpu vgpu, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task VgpuRemove(string debug_info, (string vm, string device) id, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<(Vgpu vgpu, VgpuState state)> VgpuStat(string debug_info, (string vm, string device) id, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<ImmutableArray<(Vgpu vgpu, VgpuState state)>> VgpuList(string debug_info, string id, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<(string vm, string device)> VusbAdd(string debug_info, Vusb vusb, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task VusbRemove(string debug_info, (string vm, string device) id, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<(Vusb vusb, VusbState state)> VusbStat(string debug_info, (string vm, string device) id, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<ImmutableArray<(Vusb vusb, VusbState state)>> VusbList(string debug_info, string id, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<string> VusbPlug(string debug_info, (string vm, string device) id, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task<string> VusbUnplug(string debug_info, (string vm, string device) id, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task ObserverCreate(string dbg, string uuid, string name_label, ImmutableSortedDictionary<string, string> attributes, ImmutableArray<string> endpoints, bool enabled, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task ObserverDestroy(string dbg, string uuid, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task ObserverSetEnabled(string dbg, string uuid, bool enabled, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task ObserverSetAttributes(string dbg, string uuid, ImmutableSortedDictionary<string, string> attributes, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task ObserverSetEndpoints(string dbg, string uuid, ImmutableArray<string> endpoints, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task ObserverInit(string dbg, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task ObserverSetTraceLogDir(string dbg, string directory, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task ObserverSetExportInterval(string dbg, double interval, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task ObserverSetExportChunkSize(string dbg, long spans, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task ObserverSetMaxSpans(string dbg, long spans, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task ObserverSetMaxTraces(string dbg, long traces, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task ObserverSetMaxDepth(string dbg, long depth, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task ObserverSetMaxFileSize(string dbg, long bytes, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task ObserverSetHostId(string dbg, string host, CancellationToken cancel) =>
        throw new NotSupportedException();

    public virtual Task ObserverSetCompressTracingFiles(string dbg, bool enabled, CancellationToken cancel) =>
        throw new NotSupportedException();
}
