using System.Collections.Immutable;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Executor;

namespace Toolstack.Xenopsd.Server;

/// <summary>Tasks.</summary>
public sealed partial class XenopsService
{
    public Task<TaskInfo> TaskStat(string debug_info, string id, CancellationToken cancel) => Task.FromResult(engine.Tasks.Find(id).Info());

    public Task<TaskInfo> TaskTake(string debug_info, string id, double timeout, CancellationToken cancel) =>
        engine.Tasks.TakeAsync(id, timeout < ExecutorLimits.TakeWait.TotalSeconds ? TimeSpan.FromSeconds(Math.Max(timeout, 0)) : ExecutorLimits.TakeWait, cancel);

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
}
