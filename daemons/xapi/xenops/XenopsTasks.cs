using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xapi.Xenops;

/// <summary>How long the waits of <see cref="XenopsTasks"/> last.</summary>
internal sealed record XenopsTaskLimits(TimeSpan Poll, TimeSpan Outage, TimeSpan Cancel);

/// <summary>
/// Waits for tasks of xenopsd on behalf of XenAPI calls: for a moment in xenopsd itself, then by looking at the task now and again. The event loop reports
/// changes (<see cref="Changed"/>), which ends a pause at once; the state is also read every poll interval, so a lost event only costs time.
/// </summary>
internal sealed class XenopsTasks(IXenops xenops, XenopsTaskLimits limits)
{
    private const int EarlyChanges = 64;

    /// <summary>How long xenopsd is asked to wait for the end of a task: no longer than it keeps its first progress to itself.</summary>
    private static readonly TimeSpan TakeTime = TimeSpan.FromMilliseconds(100);

    /// <summary>How long that call may take: a xenopsd that is away is asked again and again.</summary>
    private static readonly TimeSpan TakeGrace = TimeSpan.FromSeconds(3);

    private readonly Lock gate = new();
    private readonly Dictionary<string, TaskCompletionSource> waited = new(StringComparer.Ordinal);

    /// <summary>The newest changes of tasks that nobody waited for yet.</summary>
    private readonly string?[] early = new string?[EarlyChanges];
    private int next;

    /// <summary>Wakes the wait for a task; called by the event loop.</summary>
    public void Changed(string id)
    {
        lock (gate)
        {
            if (waited.TryGetValue(id, out TaskCompletionSource? source))
            {
                source.TrySetResult();
                return;
            }

            // The change may be quicker than the one who waits for the task it has just started.
            early[next] = id;
            next = (next + 1) % early.Length;
        }
    }

    /// <summary>Waits until the task has ended, has xenopsd forget it and returns its result (null when it has none).
    /// Cancelling asks xenopsd to cancel the task and goes on waiting, at most the cancel limit, for what comes of it.</summary>
    /// <param name="debug">The debug_info the task was made with: after a restart of xenopsd the id may name another task.</param>
    /// <param name="id">The task's id.</param>
    /// <param name="progress">Called with values between 0 and 1 as they grow.</param>
    /// <param name="cancel">Asks for cancellation; never abandons the task unless the limit passes.</param>
    /// <exception cref="XenopsError">What the task failed with; Cancelled; Internal_error when xenopsd lost it, gives no answer, or passed the limit.</exception>
    public async Task<string?> WaitAsync(string debug, string id, Func<double, ValueTask>? progress, CancellationToken cancel)
    {
        WaitState wait = new(debug, id, progress);
        try
        {
            // Most tasks end soon: one call that waits for the end is all there is to them.
            if (await TakeAsync(wait, cancel).ConfigureAwait(false))
            {
                return wait.Result;
            }

            while (true)
            {
                Task changed = Watch(id);
                if (await StepAsync(wait).ConfigureAwait(false))
                {
                    return wait.Result;
                }

                if (wait.CancelledAt is null && cancel.IsCancellationRequested)
                {
                    await RequestCancelAsync(wait).ConfigureAwait(false);
                }

                if (wait.CancelledAt is { } since && Elapsed(since) > limits.Cancel)
                {
                    // Not "cancelled": it may still end either way, and nobody is to believe that it did not happen.
                    throw XenopsError.Internal($"task {id} of xenopsd has not ended {limits.Cancel} after it was cancelled");
                }

                await PauseAsync(changed, wait.CancelledAt is null ? cancel : CancellationToken.None).ConfigureAwait(false);
            }
        }
        finally
        {
            Forget(id);
        }
    }

    /// <summary>True when the task ended well, and was destroyed, within a moment. Whatever kept xenopsd from saying so shows at the next look.</summary>
    private async Task<bool> TakeAsync(WaitState wait, CancellationToken cancel)
    {
        if (cancel.IsCancellationRequested)
        {
            return false;
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(TakeGrace);
        TaskInfo info;
        try
        {
            info = await xenops.TaskTake(wait.Debug, wait.Id, TakeTime.TotalSeconds, limit.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is XenopsError or OperationCanceledException)
        {
            return false;
        }

        if (await JudgeAsync(wait, info).ConfigureAwait(false))
        {
            return true;
        }

        // It has just been looked at.
        await PauseAsync(Watch(wait.Id), cancel).ConfigureAwait(false);
        return false;
    }

    private static TimeSpan Elapsed(long since) => TimeProvider.System.GetElapsedTime(since);

    /// <summary>Reads the task once; true when it ended well.</summary>
    private async Task<bool> StepAsync(WaitState wait)
    {
        TaskInfo info;
        try
        {
            info = await xenops.TaskStat(wait.Debug, wait.Id, CancellationToken.None).ConfigureAwait(false);
            wait.OutSince = null;
        }
        catch (XenopsError e) when (XenopsTransport.IsOutage(e))
        {
            wait.OutSince ??= TimeProvider.System.GetTimestamp();
            if (Elapsed(wait.OutSince.Value) > limits.Outage)
            {
                throw;
            }

            return false;
        }
        catch (XenopsError e) when (e.Value is XenopsErrorValue.Does_not_exist)
        {
            throw Lost(wait.Id, e);
        }

        bool ended = info.state is TaskState.Completed or TaskState.Failed;
        if (ended && info.dbg == wait.Debug)
        {
            _ = DestroyAsync(wait);
        }

        return await JudgeAsync(wait, info).ConfigureAwait(false);
    }

    private static async ValueTask<bool> JudgeAsync(WaitState wait, TaskInfo info)
    {
        if (info.dbg != wait.Debug)
        {
            throw Lost(wait.Id, null);
        }

        switch (info.state)
        {
            case TaskState.Pending pending:
                await wait.ReportAsync(pending.progress).ConfigureAwait(false);
                return false;
            case TaskState.Completed completed:
                wait.Result = completed.completion.result;
                return true;
            case TaskState.Failed failed:
                throw new XenopsError(failed.error);
            default:
                throw XenopsError.Internal($"task {wait.Id} is in an unknown state");
        }
    }

    private static XenopsError Lost(string id, Exception? inner) => XenopsError.Internal($"xenopsd restarted and lost task {id}", inner);

    private async Task RequestCancelAsync(WaitState wait)
    {
        wait.CancelledAt = TimeProvider.System.GetTimestamp();
        try
        {
            await xenops.TaskCancel(wait.Debug, wait.Id, CancellationToken.None).ConfigureAwait(false);
        }
        catch (XenopsError)
        {
            // The task ended meanwhile or xenopsd is away: the next look at the task tells which.
        }
    }

    /// <summary>Nobody waits for it: the caller's answer depends on what the task said, not on its end.</summary>
    private async Task DestroyAsync(WaitState wait)
    {
        try
        {
            await xenops.TaskDestroy(wait.Debug, wait.Id, CancellationToken.None).ConfigureAwait(false);
        }
        catch (XenopsError)
        {
            // A finished task that stays costs xenopsd a little memory until it restarts; the operation itself is decided.
        }
    }

    private async Task PauseAsync(Task changed, CancellationToken cancel)
    {
        try
        {
            await changed.WaitAsync(limits.Poll, cancel).ConfigureAwait(false);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            // Either way the task is looked at again.
        }
    }

    private Task Watch(string id)
    {
        lock (gate)
        {
            if (!waited.TryGetValue(id, out TaskCompletionSource? source) || source.Task.IsCompleted)
            {
                waited[id] = source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                int known = Array.IndexOf(early, id);
                if (known >= 0)
                {
                    early[known] = null;
                    source.SetResult();
                }
            }

            return source.Task;
        }
    }

    private void Forget(string id)
    {
        lock (gate)
        {
            waited.Remove(id);
        }
    }

    private sealed class WaitState(string debug, string id, Func<double, ValueTask>? progress)
    {
        private double reported = -1;

        public string Debug => debug;

        public string Id => id;

        public string? Result { get; set; }

        public long? CancelledAt { get; set; }

        public long? OutSince { get; set; }

        public async ValueTask ReportAsync(double value)
        {
            if (progress is not null && value > reported)
            {
                reported = value;
                await progress(Math.Clamp(value, 0, 1)).ConfigureAwait(false);
            }
        }
    }
}
