using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xenopsd.Contract;

/// <summary>
/// The queue interface of xenopsd (xenops protocol 1.0.0). Parameters carry the wire's names; <c>debug_info</c> ends up in logs and tasks.
/// Methods documented with T answer at once with the id of a task; its end is reported by <c>UPDATES.get</c> and read by <c>Task.stat</c>.
/// Every method raises <see cref="XenopsError"/>.
/// </summary>
[QueueInterface("xenops", Error = typeof(XenopsError))]
public partial interface IXenops
{
    [WireName("query"), RetrySafe] Task<QueryResult> Query(string debug_info, CancellationToken cancel);
    /// <summary>JSON about queues, tasks, updates and VMs, for people.</summary>
    [WireName("get_diagnostics"), RetrySafe] Task<string> GetDiagnostics(string debug_info, CancellationToken cancel);

    [WireName("Task.stat"), RetrySafe] Task<TaskInfo> TaskStat(string debug_info, string id, CancellationToken cancel);
    /// <summary>The task once it has ended, or as it is after <paramref name="timeout"/> seconds (5 at most; at once when many wait). One that has ended
    /// is destroyed with it, but can be taken again for a while. Not of the original protocol: it stands for a look, a destroy and the news between.</summary>
    [WireName("Task.take"), RetrySafe] Task<TaskInfo> TaskTake(string debug_info, string id, double timeout, CancellationToken cancel);
    [WireName("Task.cancel"), RetrySafe] Task TaskCancel(string debug_info, string id, CancellationToken cancel);
    [WireName("Task.destroy"), RetrySafe] Task TaskDestroy(string debug_info, string id, CancellationToken cancel);
    [WireName("Task.destroy_on_finish")] Task TaskDestroyOnFinish(string debug_info, string id, CancellationToken cancel);
    [WireName("Task.list"), RetrySafe] Task<ImmutableArray<TaskInfo>> TaskList(string debug_info, CancellationToken cancel);

    [WireName("HOST.stat"), RetrySafe] Task<HostInfo> HostStat(string debug_info, CancellationToken cancel);
    /// <summary>What Xen wrote on its console; characters that cannot be printed are spaces.</summary>
    [WireName("HOST.get_console_data"), RetrySafe] Task<string> HostGetConsoleData(string debug_info, CancellationToken cancel);
    [WireName("HOST.send_debug_keys")] Task HostSendDebugKeys(string debug_info, string debug_keys, CancellationToken cancel);
    /// <summary>Workers of each of the four pools.</summary>
    [WireName("HOST.set_worker_pool_size"), RetrySafe] Task HostSetWorkerPoolSize(string debug_info, long pool_size, CancellationToken cancel);
    [WireName("HOST.update_guest_agent_features"), RetrySafe]
    Task HostUpdateGuestAgentFeatures(string debug_info, ImmutableArray<GuestAgentFeature> features, CancellationToken cancel);
    /// <summary>Without a policy the default one applies again.</summary>
    [WireName("HOST.set_numa_affinity_policy"), RetrySafe]
    Task HostSetNumaAffinityPolicy(string debug_info, NumaAffinityPolicy? numa_affinity_policy, CancellationToken cancel);
    [WireName("HOST.get_total_memory_mib"), RetrySafe] Task<long> HostGetTotalMemoryMib(string debug_info, CancellationToken cancel);
    /// <summary>The policy that both CPUs can give: the intersection.</summary>
    [WireName("HOST.combine_cpu_policies"), RetrySafe] Task<string> HostCombineCpuPolicies(string debug_info, string policy1, string policy2, CancellationToken cancel);
    [WireName("HOST.is_compatible"), RetrySafe] Task<bool> HostIsCompatible(string debug_info, string vm_policy, string host_policy, CancellationToken cancel);

    /// <summary>What changed after <paramref name="last_id"/>; waits for something at most <paramref name="timeout"/> seconds (null: no limit of its own).</summary>
    [WireName("UPDATES.get"), RetrySafe]
    Task<(ImmutableArray<(long id, ImmutableArray<DynamicId> objects)> barriers, ImmutableArray<DynamicId> events, long next)> UpdatesGet(
        string debug_info, long? last_id, long? timeout, CancellationToken cancel);
    [WireName("UPDATES.last_id"), RetrySafe] Task<long> UpdatesLastId(string debug_info, CancellationToken cancel);
    [WireName("UPDATES.inject_barrier")] Task UpdatesInjectBarrier(string debug_info, string vm_id, long id, CancellationToken cancel);
    [WireName("UPDATES.remove_barrier"), RetrySafe] Task UpdatesRemoveBarrier(string debug_info, long id, CancellationToken cancel);
    [WireName("UPDATES.refresh_vm"), RetrySafe] Task UpdatesRefreshVm(string debug_info, string id, CancellationToken cancel);

    /// <summary><c>set-cancel-trigger [debug_info, n]</c> cancels the next task of that debug_info at its n-th cancellation point;
    /// <c>reboot [uuid]</c> reboots a VM without asking its guest.</summary>
    [WireName("DEBUG.trigger")] Task DebugTrigger(string debug_info, string cmd, ImmutableArray<string> args, CancellationToken cancel);
    [WireName("DEBUG.shutdown")] Task DebugShutdown(string debug_info, CancellationToken cancel);
}
