using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Idl.XmlRpc;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Dispatch;
using Toolstack.Xapi.Pool;

namespace Toolstack.Xapi.Tasks;

/// <summary>The life of a task: its row in the database and, while its call runs here, its cancellation.</summary>
public sealed class TaskService(XapiDatabase database, HostIdentity identity)
{
    /// <summary>Steps of progress smaller than this are not written: each would be an event to every client that watches tasks.</summary>
    private const double ProgressStep = 0.005;

    private static readonly ImmutableArray<task_allowed_operations> Cancellable = [task_allowed_operations.cancel, task_allowed_operations.destroy];

    public TaskRegistry Registry { get; } = new();

    /// <summary>A name for a call that has no row.</summary>
    internal static Ref<task> Dummy(string label) => new($"DummyRef:|{Guid.NewGuid()}|{label}");

    /// <summary>A pending row for a call that runs here, or that a client runs itself.</summary>
    internal ValueTask<Ref<task>> CreateAsync(string label, Ref<session> session, RequestOrigin origin, CancellationToken cancel) =>
        CreateAsync(label, "", session, origin, cancel);

    internal ValueTask<Ref<task>> CreateAsync(string label, string description, Ref<session> session, RequestOrigin origin, CancellationToken cancel) =>
        database.Create(
            new task
            {
                uuid = Guid.NewGuid().ToString(),
                name_label = label,
                name_description = description,
                allowed_operations = Cancellable,
                created = DateTimeOffset.UtcNow,
                finished = DateTimeOffset.UnixEpoch,
                status = task_status_type.pending,
                resident_on = identity.Localhost,
                type = "<none/>",
                session = session,
                subtask_of = origin.ParentTaskHeader is { } parent ? new Ref<task>(parent) : Ref<task>.Null,
                other_config = ImmutableSortedDictionary<string, string>.Empty.SetItems(origin.TaskConfig),
            },
            cancel);

    /// <summary>Records the progress, 0 to 1, of a pending task.</summary>
    public async ValueTask ReportProgress(Ref<task> self, double progress, CancellationToken cancel)
    {
        if (await database.Find(self, cancel).ConfigureAwait(false) is { status: task_status_type.pending } row
            && Math.Abs(row.progress - progress) >= ProgressStep)
        {
            await ChangeIfPendingAsync(self, r => r with { progress = Math.Clamp(progress, 0, 1) }, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>Records what the task ended in, if it is still pending.</summary>
    internal ValueTask CompleteAsync(Ref<task> self, MessageResult result, XenApiError? error, CancellationToken cancel)
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        if (error is null)
        {
            string text = XmlRpcEnvelope.WriteValue(result.Write);
            return ChangeIfPendingAsync(self, r => r with
            {
                allowed_operations = [], finished = now, progress = 1.0, result = text, status = task_status_type.success,
            }, cancel);
        }

        task_status_type status = error.Code == "TASK_CANCELLED" ? task_status_type.cancelled : task_status_type.failure;
        ImmutableArray<string> info = [error.Code, .. error.Parameters];
        return ChangeIfPendingAsync(self, r => r with
        {
            progress = 1.0, error_info = info, finished = now, allowed_operations = [], status = status,
        }, cancel);
    }

    internal async ValueTask DestroyAsync(Ref<task> self, CancellationToken cancel)
    {
        if (await database.Find(self, cancel).ConfigureAwait(false) is not null)
        {
            await database.Destroy(self, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>Ends the tasks that a former life of this host left pending: nobody works on them any more.</summary>
    internal async Task FailLeftoversAsync(CancellationToken cancel)
    {
        foreach (KeyValuePair<Ref<task>, task> entry in await database.GetAll<task>(cancel).ConfigureAwait(false))
        {
            if (entry.Value.status == task_status_type.pending && entry.Value.resident_on == identity.Localhost && !Registry.IsRunning(entry.Key))
            {
                await CompleteAsync(entry.Key, MessageResult.Void, new XenApiError("TASK_CANCELLED", entry.Key.ToString()), cancel).ConfigureAwait(false);
            }
        }
    }

    internal async ValueTask ChangeIfPendingAsync(Ref<task> self, Func<task, task> change, CancellationToken cancel)
    {
        if (await database.Find(self, cancel).ConfigureAwait(false) is not null)
        {
            await database.Update(self, r => r.status == task_status_type.pending ? change(r) : r, cancel).ConfigureAwait(false);
        }
    }
}
