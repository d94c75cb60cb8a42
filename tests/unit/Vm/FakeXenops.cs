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
}
