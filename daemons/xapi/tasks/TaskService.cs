using System.Buffers.Binary;
using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
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

    private const string Restarted = "the toolstack was restarted while the task was pending";

    private static readonly ImmutableArray<task_allowed_operations> Cancellable = [task_allowed_operations.cancel, task_allowed_operations.destroy];

    private static readonly Guid FirstDummy = Guid.NewGuid();

    private static long dummies;

    public TaskRegistry Registry { get; } = new();

    /// <summary>A name for a call that has no row: as unique as if each had random bits of its own, which the kernel would have to be asked for.</summary>
    internal static Ref<task> Dummy(string label)
    {
        Span<byte> bits = stackalloc byte[16];
        FirstDummy.TryWriteBytes(bits);
        BinaryPrimitives.WriteInt64LittleEndian(bits[8..], BinaryPrimitives.ReadInt64LittleEndian(bits[8..]) + Interlocked.Increment(ref dummies));
        return new Ref<task>($"DummyRef:|{new Guid(bits)}|{label}");
    }

    /// <summary>A pending row for a call that runs here, or that a client runs itself. <paramref name="durable"/>: the client is given its
    /// reference, so that it asks for it even after a restart.</summary>
    internal ValueTask<Ref<task>> CreateAsync(
        string label, string description, Ref<session> session, RequestOrigin origin, bool durable, CancellationToken cancel) =>
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
                durable = durable,
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

    /// <summary>On a coordinator that starts: what a former life left pending has failed, since nobody works on it any more. What it completed
    /// is complete.</summary>
    internal async Task FailLeftoversAsync(ILogger logger, CancellationToken cancel)
    {
        int failed = 0;
        foreach ((Ref<task> self, task row) in await database.GetAll<task>(cancel).ConfigureAwait(false))
        {
            if (row.status is task_status_type.pending or task_status_type.cancelling)
            {
                failed++;
                await database.Update(self, static r => r with { status = task_status_type.pending }, cancel).ConfigureAwait(false);
                await CompleteAsync(self, MessageResult.Void, new XenApiError("INTERNAL_ERROR", Restarted), cancel).ConfigureAwait(false);
            }
            else
            {
                await database.Update(self, static r => r with { progress = 1.0 }, cancel).ConfigureAwait(false);
            }
        }

        if (failed > 0)
        {
            Log.LeftoversFailed(logger, failed);
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
