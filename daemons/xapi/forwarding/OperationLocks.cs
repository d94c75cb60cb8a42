using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.VirtualMachines;

namespace Toolstack.Xapi.Forwarding;

/// <summary>How long to wait for objects that others use.</summary>
internal sealed record LockLimits(TimeSpan Total)
{
    /// <summary>A waiter looks again after this long even if no release woke it.</summary>
    public TimeSpan Poll { get; init; } = TimeSpan.FromSeconds(20);
}

/// <summary>
/// Enters operations in the current_operations of objects, waiting while others are in the way, and takes them out again.
/// A waiter is woken by every release of the object and gives up after <see cref="LockLimits.Total"/>.
/// </summary>
internal sealed class OperationLocks(XapiDatabase database, LockLimits limits, ImmutableDictionary<string, ILockTarget> targets)
{
    private readonly ReleaseBoard board = new();

    /// <summary>Operations that do not wait for others.</summary>
    private static readonly ImmutableHashSet<string> Impatient = ImmutableHashSet.Create(StringComparer.Ordinal, "call_plugin", "sysprep");

    /// <summary>Enters the operation. Raises what forbids it; TASK_CANCELLED [task] when cancelled while waiting;
    /// OTHER_OPERATION_IN_PROGRESS when the wait was in vain.</summary>
    public async ValueTask<HeldLock> EnterAsync(string className, string reference, string operation, string task, bool strict, CancellationToken cancel)
    {
        ILockTarget target = targets.GetValueOrDefault(className) ?? throw new XenApiError("NOT_IMPLEMENTED", $"{className}.{operation}");
        long start = TimeProvider.System.GetTimestamp();
        Task? released = null;
        while (true)
        {
            try
            {
                await target.EnterAsync(database, reference, operation, task, strict, cancel).ConfigureAwait(false);
                return new HeldLock(className, reference, task);
            }
            catch (XenApiError e) when (e.Code == OtherOperation.Code && e.Parameters.Length > 0 && !Impatient.Contains(operation))
            {
                TimeSpan left = limits.Total - TimeProvider.System.GetElapsedTime(start);
                if (left <= TimeSpan.Zero)
                {
                    throw;
                }

                if (released is not null)
                {
                    await WaitAsync(released, left < limits.Poll ? left : limits.Poll, task, cancel).ConfigureAwait(false);
                }

                // Before the next try, so that a release between it and the wait is seen.
                released = board.NextRelease(reference);
            }
        }
    }

    /// <summary>Takes the operation out and wakes the waiters. Not cancellable: a lock left behind would block the object for good.</summary>
    public async ValueTask LeaveAsync(HeldLock held)
    {
        try
        {
            await Target(held.ClassName).LeaveAsync(database, held.Reference, held.Task).ConfigureAwait(false);
        }
        finally
        {
            board.Released(held.Reference);
        }
    }

    public ValueTask<IReadOnlyList<string>> TasksOfAsync(
        string className, string reference, IReadOnlyCollection<string> operations, CancellationToken cancel) =>
        Target(className).TasksOfAsync(database, reference, operations, cancel);

    /// <summary>Waits until none of the operations is under way on the object; gives up silently after the total, as the caller's own
    /// check of validity then decides.</summary>
    public async ValueTask WaitGoneAsync(
        string className, string reference, IReadOnlyCollection<string> operations, TimeSpan total, string task, CancellationToken cancel)
    {
        long start = TimeProvider.System.GetTimestamp();
        Task? released = null;
        while (true)
        {
            IReadOnlyList<string> tasks = await TasksOfAsync(className, reference, operations, cancel).ConfigureAwait(false);
            TimeSpan left = total - TimeProvider.System.GetElapsedTime(start);
            if (tasks.Count == 0 || left <= TimeSpan.Zero)
            {
                return;
            }

            if (released is not null)
            {
                await WaitAsync(released, left < limits.Poll ? left : limits.Poll, task, cancel).ConfigureAwait(false);
            }

            released = board.NextRelease(reference);
        }
    }

    private ILockTarget Target(string className) =>
        targets.GetValueOrDefault(className) ?? throw new XenApiError("NOT_IMPLEMENTED", $"locks of class {className}");

    private static async ValueTask WaitAsync(Task released, TimeSpan time, string task, CancellationToken cancel)
    {
        try
        {
            await released.WaitAsync(time, cancel).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // The caller looks again.
        }
        catch (OperationCanceledException)
        {
            throw new XenApiError("TASK_CANCELLED", task);
        }
    }
}

/// <summary>An operation entered on an object; given back to <see cref="OperationLocks.LeaveAsync"/>.</summary>
internal sealed record HeldLock(string ClassName, string Reference, string Task);
