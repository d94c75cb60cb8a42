using System.Collections.Immutable;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Server;

/// <summary>Tasks.</summary>
public sealed partial class XenopsService
{
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
}
