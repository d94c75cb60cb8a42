using System.Collections.Immutable;
using Toolstack.Idl.Json;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Executor;
using Toolstack.Xenopsd.Operations;
using Toolstack.Xenopsd.State;

namespace Toolstack.Xenopsd.Server;

/// <summary>The queue interface on an <see cref="Engine"/>. Operations on VMs stand in <c>XenopsService.Vm.cs</c>.</summary>
public sealed partial class XenopsService(Engine engine, Action shutdown) : IXenops
{
    private const int BytesPerMibShift = 20;

    private readonly Lazy<HostInfo> host = new(() => DescribeHost(engine));

    public Task<QueryResult> Query(string debug_info, CancellationToken cancel) =>
        Task.FromResult(new QueryResult { instance_id = engine.InstanceId, features = [XenopsFeatures.ZeroPages] });

    public Task<string> GetDiagnostics(string debug_info, CancellationToken cancel) => Task.FromResult(JsonValueWriter.Text(w =>
    {
        var queues = engine.Scheduler.Snapshot();
        w.BeginStruct(4);
        w.Member("queues");
        w.BeginStruct(queues.Count);
        foreach (var (tag, waiting) in queues)
        {
            w.Member(tag);
            w.Int(waiting);
        }

        w.EndStruct();
        w.Member("updates");
        w.Int(engine.Updates.LastId);
        w.Member("tasks");
        var tasks = engine.Tasks.List();
        w.BeginArray(tasks.Length);
        foreach (var task in tasks)
        {
            TaskInfoCodec.Write(w, task);
        }

        w.EndArray();
        w.Member("vms");
        var ids = engine.Store.Ids;
        w.BeginArray(ids.Length);
        foreach (string id in ids)
        {
            w.String(id);
        }

        w.EndArray();
        w.EndStruct();
    }));

    public Task<TaskInfo> TaskStat(string debug_info, string id, CancellationToken cancel) => Task.FromResult(engine.Tasks.Find(id).Info());

    public Task TaskCancel(string debug_info, string id, CancellationToken cancel)
    {
        engine.Tasks.Find(id).Cancel();
        return Task.CompletedTask;
    }

    public Task TaskDestroy(string debug_info, string id, CancellationToken cancel)
    {
        engine.Tasks.Destroy(id);
        return Task.CompletedTask;
    }

    public Task TaskDestroyOnFinish(string debug_info, string id, CancellationToken cancel)
    {
        engine.Tasks.DestroyOnFinish(id);
        return Task.CompletedTask;
    }

    public Task<ImmutableArray<TaskInfo>> TaskList(string debug_info, CancellationToken cancel) => Task.FromResult(engine.Tasks.List());

    public Task<HostInfo> HostStat(string debug_info, CancellationToken cancel) => Task.FromResult(host.Value);

    public Task<long> HostGetTotalMemoryMib(string debug_info, CancellationToken cancel) =>
        Task.FromResult(engine.Backend.GetHostInfo().TotalMemoryBytes >> BytesPerMibShift);

    public Task<string> HostCombineCpuPolicies(string debug_info, string policy1, string policy2, CancellationToken cancel) =>
        Task.FromResult(CpuPolicy.Combine(policy1, policy2));

    public Task<bool> HostIsCompatible(string debug_info, string vm_policy, string host_policy, CancellationToken cancel) =>
        Task.FromResult(CpuPolicy.IsCompatible(vm_policy, host_policy));

    public Task<(ImmutableArray<(long id, ImmutableArray<DynamicId> objects)> barriers, ImmutableArray<DynamicId> events, long next)> UpdatesGet(
        string debug_info, long? last_id, long? timeout, CancellationToken cancel)
    {
        var wait = timeout is { } seconds && seconds < ExecutorLimits.UpdatesWait.TotalSeconds
            ? TimeSpan.FromSeconds(Math.Max(seconds, 0))
            : ExecutorLimits.UpdatesWait;
        return engine.Updates.GetAsync(last_id ?? 0, wait, cancel);
    }

    public Task<long> UpdatesLastId(string debug_info, CancellationToken cancel) => Task.FromResult(engine.Updates.LastId);

    public Task UpdatesInjectBarrier(string debug_info, string vm_id, long id, CancellationToken cancel)
    {
        engine.Updates.InjectBarrier(vm_id, id);
        return Task.CompletedTask;
    }

    public Task UpdatesRemoveBarrier(string debug_info, long id, CancellationToken cancel)
    {
        engine.Updates.RemoveBarrier(id);
        return Task.CompletedTask;
    }

    public Task UpdatesRefreshVm(string debug_info, string id, CancellationToken cancel)
    {
        engine.Operations.Signal(engine.Store.Get(id).Vm.id);
        return Task.CompletedTask;
    }

    /// <summary><c>reboot [uuid]</c> reboots without asking the guest; anything else is Unimplemented.</summary>
    public Task DebugTrigger(string debug_info, string cmd, ImmutableArray<string> args, CancellationToken cancel)
    {
        if (cmd != "reboot" || args is not [var id])
        {
            throw new XenopsError(new XenopsErrorValue.Unimplemented($"DEBUG.trigger {cmd}"));
        }

        engine.Tasks.DestroyOnFinish(engine.Operations.Queue(debug_info, new Operation.VM_reboot(id, Timeout: null)).Id);
        return Task.CompletedTask;
    }

    public Task DebugShutdown(string debug_info, CancellationToken cancel)
    {
        shutdown();
        return Task.CompletedTask;
    }

    private static HostInfo DescribeHost(Engine engine)
    {
        var info = engine.Backend.GetHostInfo();
        return new HostInfo
        {
            cpu_info = CpuDescription.Read(info.CpuCount),
            hypervisor = new HypervisorInfo { version = info.Version, capabilities = info.Capabilities },
        };
    }
}
