using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Executor;

/// <summary>One operation as its caller sees it: progress, end, and whether it can still be cancelled (xenops protocol, Task).</summary>
public sealed class XenopsTask : IDisposable
{
    private const double SmallestReportedStep = 0.01;

    private readonly Lock gate = new();
    private readonly CancellationTokenSource cancelled = new();
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Updates? updates;
    private readonly long started = Stopwatch.GetTimestamp();
    private readonly double created = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0;
    private ImmutableSortedDictionary<string, TaskState> subtasks = ImmutableSortedDictionary<string, TaskState>.Empty;
    private ImmutableSortedDictionary<string, string> facts = ImmutableSortedDictionary<string, string>.Empty;
    private TaskState state = new TaskState.Pending(0);
    private long signalled = Stopwatch.GetTimestamp();
    private bool owesSignal;
    private bool cancellable = true;
    private int cancelPoints;
    private int waiting;

    internal XenopsTask(string id, string debugInfo, Updates? updates)
    {
        Id = id;
        DebugInfo = debugInfo;
        this.updates = updates;
    }

    public string Id { get; }

    public string DebugInfo { get; }

    /// <summary>Cancelled by <see cref="Cancel"/> while the task is cancellable.</summary>
    public CancellationToken Cancellation => cancelled.Token;

    /// <summary>Completes when the task has ended, however it ended.</summary>
    public Task Ended => ended.Task;

    public bool IsEnded => ended.Task.IsCompleted;

    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(started);

    /// <summary>The span of the whole operation, when anybody listens.</summary>
    internal Activity? Span { get; set; }

    /// <summary>The number of the cancellation point at which the task cancels itself; 0 for none. For tests.</summary>
    internal int CancelTrigger { get; set; }

    internal bool DestroyOnFinish { get; set; }

    /// <summary>Under the table's gate.</summary>
    internal bool IsTaken { get; set; }

    /// <summary>Returns when the task has ended or the time is over. Raises OperationCanceledException.</summary>
    internal async Task WaitEndedAsync(TimeSpan time, CancellationToken cancel)
    {
        if (IsEnded)
        {
            return;
        }

        Interlocked.Increment(ref waiting);
        try
        {
            await ended.Task.WaitAsync(time, cancel).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // Who waits is told how far it is.
        }
        finally
        {
            Interlocked.Decrement(ref waiting);
        }
    }

    /// <summary>Asks the operation to stop at its next cancellation point; without effect once it cannot be cancelled any more.</summary>
    public void Cancel()
    {
        lock (gate)
        {
            if (!cancellable || IsEnded)
            {
                return;
            }

            cancellable = false;
        }

        cancelled.Cancel();
    }

    /// <summary>From here on the task cannot be cancelled. Raises Cancelled when it has been already.</summary>
    public void ForbidCancel()
    {
        lock (gate)
        {
            ThrowIfCancelled();
            cancellable = false;
        }
    }

    /// <summary>A moment at which the task may end early. Raises Cancelled.</summary>
    public void CancelPoint()
    {
        if (Interlocked.Increment(ref cancelPoints) == CancelTrigger)
        {
            Cancel();
        }

        ThrowIfCancelled();
    }

    public void ThrowIfCancelled()
    {
        if (cancelled.IsCancellationRequested)
        {
            throw new XenopsError(new XenopsErrorValue.Cancelled(Id));
        }
    }

    /// <summary>Reports progress, 0 to 1. Steps too small to matter are not signalled, those that follow each other quickly once for
    /// all: each signal makes the client look at the task, which may cost more than the steps of a short operation.</summary>
    public void Progress(double progress)
    {
        lock (gate)
        {
            if (state is not TaskState.Pending pending || progress < pending.progress + SmallestReportedStep)
            {
                return;
            }

            state = new TaskState.Pending(Math.Min(progress, 1));
            if (ExecutorLimits.ProgressPause - Stopwatch.GetElapsedTime(signalled) is var left && left > TimeSpan.Zero)
            {
                if (!owesSignal)
                {
                    owesSignal = true;
                    _ = SignalLaterAsync(left);
                }

                return;
            }

            signalled = Stopwatch.GetTimestamp();
        }

        updates?.Add(new DynamicId.Task(Id));
    }

    private async Task SignalLaterAsync(TimeSpan left)
    {
        await Task.Delay(left).ConfigureAwait(false);
        lock (gate)
        {
            owesSignal = false;
            if (state is not TaskState.Pending)
            {
                return;
            }

            signalled = Stopwatch.GetTimestamp();
        }

        updates?.Add(new DynamicId.Task(Id));
    }

    /// <summary>Says something about the operation to whoever looks at the task (<c>debug_info</c>).</summary>
    public void Tell(string key, string value)
    {
        lock (gate)
        {
            facts = facts.SetItem(key, value);
        }
    }

    public void Subtask(string name, TaskState subtask)
    {
        lock (gate)
        {
            subtasks = subtasks.SetItem(name, subtask);
        }
    }

    internal void Complete(string? result) =>
        End(new TaskState.Completed(new TaskCompletion { duration = Elapsed.TotalSeconds, result = result }));

    internal void Fail(XenopsErrorValue error) => End(new TaskState.Failed(error));

    /// <summary>Raises what the ended task failed with.</summary>
    public void ThrowIfFailed()
    {
        if (Info().state is TaskState.Failed failed)
        {
            throw new XenopsError(failed.error);
        }
    }

    public TaskInfo Info()
    {
        lock (gate)
        {
            return new TaskInfo
            {
                id = Id,
                dbg = DebugInfo,
                ctime = created,
                state = state,
                subtasks = subtasks,
                debug_info = CancelPointsSeen(),
                cancellable = cancellable,
            };
        }
    }

    private ImmutableSortedDictionary<string, string> CancelPointsSeen() => facts.SetItem(
        "cancel_points_seen", Volatile.Read(ref cancelPoints).ToString(CultureInfo.InvariantCulture));

    public void Dispose() => cancelled.Dispose();

    private void End(TaskState final)
    {
        lock (gate)
        {
            state = final;
            cancellable = false;
        }

        // Those who wait for the task itself need not be told of it at once.
        bool awaited = Volatile.Read(ref waiting) > 0;
        ended.TrySetResult();
        if (awaited)
        {
            updates?.Add(new DynamicId.Task(Id));
        }
        else
        {
            updates?.Press(new DynamicId.Task(Id));
        }
    }
}
