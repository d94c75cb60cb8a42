using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Pool;

namespace Toolstack.Xapi.Tasks;

/// <summary>The life of a task: its row in the database and, while its call runs here, its cancellation.</summary>
public sealed class TaskService(XapiDatabase database, HostIdentity identity)
{
    public TaskRegistry Registry { get; } = new();

    /// <summary>Records the progress, 0 to 1, of a pending task.</summary>
    public ValueTask ReportProgress(Ref<task> self, double progress, CancellationToken cancel) =>
        throw new XenApiError("NOT_IMPLEMENTED", self.ToString(), $"{progress}", identity.Uuid, $"{database}", $"{cancel.IsCancellationRequested}");
}
