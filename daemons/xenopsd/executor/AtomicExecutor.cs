using System.Collections.Immutable;
using System.Runtime.ExceptionServices;
using Microsoft.Extensions.Logging;
using Toolstack.Interop.Linux;
using Toolstack.Xenopsd.Atomics;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Executor;

/// <summary>
/// Runs plans: step after step with a cancellation check before each, a deadline and a cancellation token inside it; groups in
/// their own worker pools; progress by weight. When a step fails, those before it are taken back, newest first.
/// </summary>
/// <param name="actions">How a plain step is done.</param>
/// <param name="scheduler">Where groups find their workers.</param>
/// <param name="logger">The daemon's.</param>
/// <param name="boundary">Called before every plain step: a test ends the process there.</param>
public sealed class AtomicExecutor(IAtomicActions actions, Scheduler scheduler, ILogger logger, Action? boundary = null)
{
    private long groups;

    /// <summary>Runs the plan; a failure undoes what the context's run has done so far and is raised as a XenopsError.</summary>
    public async Task RunAsync(ImmutableArray<Atomic> plan, RunContext context, CancellationToken cancel)
    {
        try
        {
            foreach (var atomic in plan)
            {
                await RunOneAsync(atomic, WorkerPool.Default, context, cancel).ConfigureAwait(false);
            }
        }
        catch (Exception error) when (IsExpected(error))
        {
            await UndoAsync(context).ConfigureAwait(false);
            throw Classify(error, context.Task);
        }
    }

    /// <summary>Takes back what the context's run has done, newest first; failures are logged.</summary>
    public async Task UndoAsync(RunContext context)
    {
        while (context.UndoStack.TryPop(out var undo))
        {
            using var deadline = new CancellationTokenSource(ExecutorLimits.UndoDeadline);
            try
            {
                Log.AtomicStarts(logger, undo.ToString());
                await actions.RunAsync(undo, context, deadline.Token).ConfigureAwait(false);
            }
            catch (Exception error) when (IsExpected(error))
            {
                Log.UndoFailed(logger, undo.ToString(), error.Message);
            }
        }
    }

    /// <summary>The context's steps stand: they are not taken back any more.</summary>
    public static void Commit(RunContext context) => context.UndoStack.Clear();

    /// <summary>The failures that steps raise; anything else is a fault of this program.</summary>
    public static bool IsExpected(Exception error) =>
        error is XenopsError or HypervisorError or IOException or OperationCanceledException or System.Net.Sockets.SocketException or TimeoutException;

    /// <summary>The failure as it is reported: a cancellation as Cancelled, losses as Internal_error with their text.</summary>
    public static XenopsError Classify(Exception error, XenopsTask task) => error switch
    {
        XenopsError known => known,
        OperationCanceledException when task.Cancellation.IsCancellationRequested => new XenopsError(new XenopsErrorValue.Cancelled(task.Id), error),
        OperationCanceledException => XenopsError.Internal("stopped: xenopsd ends", error),
        _ => XenopsError.Internal(error.Message, error),
    };

    /// <param name="atomic">The step.</param>
    /// <param name="level">Whose worker runs it: a group inside a group takes the nested pool, and one inside that runs in order, for no pool
    /// may wait for itself.</param>
    /// <param name="context">The run.</param>
    /// <param name="cancel">Stops it.</param>
    private Task RunOneAsync(Atomic atomic, WorkerPool level, RunContext context, CancellationToken cancel) => atomic switch
    {
        Atomic.Serial s => SerialAsync(s.Atoms, level, context, cancel),
        Atomic.Best_effort b => BestEffortAsync(b, level, context, cancel),
        Atomic.Parallel p => GroupAsync(p, p.Description, p.Atoms, level, context, cancel),
        Atomic.Nested_parallel p => GroupAsync(p, p.Description, p.Atoms, level, context, cancel),
        _ => LeafAsync(atomic, context, cancel),
    };

    private async Task LeafAsync(Atomic atomic, RunContext context, CancellationToken cancel)
    {
        context.Task.CancelPoint();
        cancel.ThrowIfCancellationRequested();
        boundary?.Invoke();
        if (logger.IsEnabled(LogLevel.Debug))
        {
            Log.AtomicStarts(logger, atomic.ToString());
        }

        using var span = Tracing.Atomic(atomic, context.Task);
        await BoundedAsync(atomic, context, cancel).ConfigureAwait(false);
        if (atomic.Undo() is { } undo)
        {
            context.UndoStack.Push(undo);
        }

        context.Advance(atomic);
    }

    private async Task BoundedAsync(Atomic atomic, RunContext context, CancellationToken cancel)
    {
        var limit = atomic.Deadline();
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(limit);
        try
        {
            await actions.RunAsync(atomic, context, deadline.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !cancel.IsCancellationRequested)
        {
            throw XenopsError.Internal($"{atomic} did not end within {limit.TotalSeconds:0} s");
        }
    }

    private async Task SerialAsync(ImmutableArray<Atomic> atoms, WorkerPool level, RunContext context, CancellationToken cancel)
    {
        foreach (var atom in atoms)
        {
            await RunOneAsync(atom, level, context, cancel).ConfigureAwait(false);
        }
    }

    private async Task BestEffortAsync(Atomic.Best_effort atomic, WorkerPool level, RunContext context, CancellationToken cancel)
    {
        try
        {
            await RunOneAsync(atomic.Inner, level, context, cancel).ConfigureAwait(false);
        }
        catch (Exception error) when (IsExpected(error) && !cancel.IsCancellationRequested)
        {
            Log.FailureIgnored(logger, atomic.Inner.ToString(), error.Message);
        }
    }

    private async Task GroupAsync(
        Atomic group, string description, ImmutableArray<Atomic> atoms, WorkerPool level, RunContext context, CancellationToken cancel)
    {
        if (level == WorkerPool.Nested)
        {
            await SerialAsync(atoms, level, context, cancel).ConfigureAwait(false);
            return;
        }

        var pool = level == WorkerPool.Default ? WorkerPool.Parallel : WorkerPool.Nested;
        long number = Interlocked.Increment(ref groups);
        var limit = group.Deadline();
        var failures = new List<(Atomic Atom, Exception Error)>();
        int chunkNumber = 0;
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(limit);
        foreach (var chunk in atoms.Chunk(ExecutorLimits.MaxParallelAtoms))
        {
            string prefix = $"{pool}:task={context.Task.Id}.group={number}.({description}).chunk={chunkNumber++}";
            var children = chunk.Select((atom, i) => Child(pool, $"{prefix}.atom={i}", atom, context, deadline.Token)).ToArray();
            foreach (var (atom, child) in chunk.Zip(children))
            {
                // Every child ends: by itself, or because the token reaches it.
                await ((Task)child).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (!child.IsCompletedSuccessfully)
                {
                    failures.Add((atom, child.Exception?.InnerException ?? new OperationCanceledException(deadline.Token)));
                }
            }
        }

        foreach (var (atom, error) in failures.Skip(1))
        {
            Log.FurtherFailure(logger, atom.ToString(), error.Message);
        }

        if (failures.Count > 0)
        {
            if (failures[0].Error is OperationCanceledException && !cancel.IsCancellationRequested)
            {
                throw XenopsError.Internal($"{description} did not end within {limit.TotalSeconds:0} s");
            }

            ExceptionDispatchInfo.Throw(failures[0].Error);
        }
    }

    private Task<bool> Child(WorkerPool pool, string tag, Atomic atom, RunContext context, CancellationToken cancel)
    {
        var ended = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        scheduler.Push(tag, pool, async () =>
        {
            try
            {
                await RunOneAsync(atom, pool, context, cancel).ConfigureAwait(false);
                ended.SetResult(true);
                context.Task.Subtask(atom.ToString(), new TaskState.Completed(new TaskCompletion()));
            }
            catch (Exception error) // the loop that owns the child: its parent classifies
            {
                ended.SetException(error);
            }
        });
        return ended.Task;
    }
}

/// <summary>How plain steps are done; the executor knows only their order.</summary>
public interface IAtomicActions
{
    /// <summary>Does one plain step. Raises XenopsError, HypervisorError, IOException or OperationCanceledException.</summary>
    Task RunAsync(Atomic atomic, RunContext context, CancellationToken cancel);
}
