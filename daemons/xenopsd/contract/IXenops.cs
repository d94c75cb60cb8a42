using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xenopsd.Contract;

/// <summary>
/// The queue interface of xenopsd (xenops protocol 1.0.0). Parameters carry the wire's names; <c>debug_info</c> ends up in logs and tasks.
/// Methods documented with T answer at once with the id of a task; its end is reported by <c>UPDATES.get</c> and read by <c>Task.stat</c>.
/// Every method raises <see cref="XenopsError"/>.
/// </summary>
[QueueInterface("xenops", Error = typeof(XenopsError))]
public interface IXenops
{
    [WireName("query"), RetrySafe] Task<QueryResult> Query(string debug_info, CancellationToken cancel);
    /// <summary>JSON about queues, tasks, updates and VMs, for people.</summary>
    [WireName("get_diagnostics"), RetrySafe] Task<string> GetDiagnostics(string debug_info, CancellationToken cancel);

    [WireName("Task.stat"), RetrySafe] Task<TaskInfo> TaskStat(string debug_info, string id, CancellationToken cancel);
    [WireName("Task.cancel"), RetrySafe] Task TaskCancel(string debug_info, string id, CancellationToken cancel);
    [WireName("Task.destroy"), RetrySafe] Task TaskDestroy(string debug_info, string id, CancellationToken cancel);
    [WireName("Task.destroy_on_finish")] Task TaskDestroyOnFinish(string debug_info, string id, CancellationToken cancel);
    [WireName("Task.list"), RetrySafe] Task<ImmutableArray<TaskInfo>> TaskList(string debug_info, CancellationToken cancel);

    [WireName("HOST.stat"), RetrySafe] Task<HostInfo> HostStat(string debug_info, CancellationToken cancel);
    [WireName("HOST.get_total_memory_mib"), RetrySafe] Task<long> HostGetTotalMemoryMib(string debug_info, CancellationToken cancel);
    /// <summary>The policy that both CPUs can give: the intersection.</summary>
    [WireName("HOST.combine_cpu_policies"), RetrySafe] Task<string> HostCombineCpuPolicies(string debug_info, string policy1, string policy2, CancellationToken cancel);
    [WireName("HOST.is_compatible"), RetrySafe] Task<bool> HostIsCompatible(string debug_info, string vm_policy, string host_policy, CancellationToken cancel);

    [WireName("VM.add"), RetrySafe] Task<string> VmAdd(string debug_info, Vm vm, CancellationToken cancel);
    /// <summary>Forgets a halted or suspended VM; Bad_power_state otherwise.</summary>
    [WireName("VM.remove")] Task VmRemove(string debug_info, string id, CancellationToken cancel);
    [WireName("VM.exists"), RetrySafe] Task<bool> VmExists(string debug_info, string id, CancellationToken cancel);
    [WireName("VM.list"), RetrySafe] Task<ImmutableArray<(Vm vm, VmState state)>> VmList(string debug_info, CancellationToken cancel);
    [WireName("VM.stat"), RetrySafe] Task<(Vm vm, VmState state)> VmStat(string debug_info, string id, CancellationToken cancel);
    [WireName("VM.import_metadata"), RetrySafe] Task<string> VmImportMetadata(string debug_info, string metadata, CancellationToken cancel);
    /// <summary>T.</summary>
    [WireName("VM.import_metadata_async")] Task<string> VmImportMetadataAsync(string debug_info, string metadata, CancellationToken cancel);
    [WireName("VM.export_metadata"), RetrySafe] Task<string> VmExportMetadata(string debug_info, string id, CancellationToken cancel);
    [WireName("VM.generate_state_string"), RetrySafe] Task<string> VmGenerateStateString(string debug_info, Vm vm, CancellationToken cancel);

    /// <summary>T. The VM is paused afterwards, whatever <paramref name="paused"/> says: the wire's name hides that it means "force".</summary>
    [WireName("VM.start")] Task<string> VmStart(string debug_info, string id, bool paused, CancellationToken cancel);
    /// <summary>T. With a delay (seconds) the guest is asked and waited for; without, the domain is ended.</summary>
    [WireName("VM.shutdown")] Task<string> VmShutdown(string debug_info, string id, double? delay, CancellationToken cancel);
    /// <summary>T. As <see cref="VmShutdown"/>, and started again.</summary>
    [WireName("VM.reboot")] Task<string> VmReboot(string debug_info, string id, double? delay, CancellationToken cancel);
    /// <summary>T.</summary>
    [WireName("VM.pause")] Task<string> VmPause(string debug_info, string id, CancellationToken cancel);
    /// <summary>T.</summary>
    [WireName("VM.unpause")] Task<string> VmUnpause(string debug_info, string id, CancellationToken cancel);
    /// <summary>T. Holds the VM's queue for some seconds.</summary>
    [WireName("VM.delay")] Task<string> VmDelay(string debug_info, string id, double delay, CancellationToken cancel);
    /// <summary>T. The task's result is the script's answer.</summary>
    [WireName("VM.run_script")] Task<string> VmRunScript(string debug_info, string id, string script, CancellationToken cancel);
    /// <summary>T. Moves the VM to the xenopsd behind <paramref name="xenops_url"/>; cancellable until the guest is suspended.</summary>
    [WireName("VM.migrate")]
    Task<string> VmMigrate(string debug_info, string id, ImmutableSortedDictionary<string, string> vdi_map, ImmutableSortedDictionary<string, Network> vif_map,
        ImmutableSortedDictionary<string, PciAddress> pci_map, string xenops_url, bool compress, bool verify_dest, bool localhost_migration, CancellationToken cancel);

    /// <summary>What changed after <paramref name="last_id"/>; waits for something at most <paramref name="timeout"/> seconds (null: no limit of its own).</summary>
    [WireName("UPDATES.get"), RetrySafe]
    Task<(ImmutableArray<(long id, ImmutableArray<DynamicId> objects)> barriers, ImmutableArray<DynamicId> events, long next)> UpdatesGet(
        string debug_info, long? last_id, long? timeout, CancellationToken cancel);
    [WireName("UPDATES.last_id"), RetrySafe] Task<long> UpdatesLastId(string debug_info, CancellationToken cancel);
    [WireName("UPDATES.inject_barrier")] Task UpdatesInjectBarrier(string debug_info, string vm_id, long id, CancellationToken cancel);
    [WireName("UPDATES.remove_barrier"), RetrySafe] Task UpdatesRemoveBarrier(string debug_info, long id, CancellationToken cancel);
    [WireName("UPDATES.refresh_vm"), RetrySafe] Task UpdatesRefreshVm(string debug_info, string id, CancellationToken cancel);

    [WireName("DEBUG.trigger")] Task DebugTrigger(string debug_info, string cmd, ImmutableArray<string> args, CancellationToken cancel);
    [WireName("DEBUG.shutdown")] Task DebugShutdown(string debug_info, CancellationToken cancel);
}
