using System.Collections.Immutable;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Executor;

namespace Toolstack.Xenopsd.Server;

/// <summary>What changed.</summary>
public sealed partial class XenopsService
{
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
}
