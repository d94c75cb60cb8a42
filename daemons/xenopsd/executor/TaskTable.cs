using System.Collections.Immutable;
using System.Globalization;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Executor;

/// <summary>The tasks of this process, by id: decimal numbers from 0 (xenops protocol). A finished one stays until it is destroyed
/// or until its place is needed.</summary>
public sealed class TaskTable(Updates updates)
{
    private readonly Lock gate = new();
    private readonly SortedDictionary<long, XenopsTask> tasks = [];

    /// <summary>Those that were taken, oldest first; they are in the table still, but not listed.</summary>
    private readonly Queue<string> taken = new();
    private readonly Dictionary<string, int> triggers = new(StringComparer.Ordinal);
    private long next;
    private int takers;

    public XenopsTask Add(string debugInfo)
    {
        lock (gate)
        {
            if (tasks.Count >= ExecutorLimits.MaxTasks)
            {
                MakePlace();
            }

            long id = next++;
            var task = new XenopsTask(id.ToString(CultureInfo.InvariantCulture), debugInfo, updates);
            if (triggers.Remove(debugInfo, out int point))
            {
                task.CancelTrigger = point;
            }

            tasks.Add(id, task);
            return task;
        }
    }

    /// <summary>The next task of that debug_info cancels itself at its cancellation point of that number. For tests.</summary>
    public void SetCancelTrigger(string debugInfo, int point)
    {
        lock (gate)
        {
            if (triggers.Count >= ExecutorLimits.MaxCancelTriggers)
            {
                throw XenopsError.Internal($"more than {ExecutorLimits.MaxCancelTriggers} cancel triggers");
            }

            triggers[debugInfo] = point;
        }
    }

    /// <summary>A task nobody asked for and nobody sees: xenopsd's own work.</summary>
    public static XenopsTask Internal(string debugInfo) => new("internal", debugInfo, updates: null);

    /// <summary>Raises Does_not_exist(task, id).</summary>
    public XenopsTask Find(string id)
    {
        lock (gate)
        {
            return long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out long number) && tasks.TryGetValue(number, out var task)
                ? task
                : throw XenopsError.DoesNotExist("task", id);
        }
    }

    public ImmutableArray<TaskInfo> List()
    {
        lock (gate)
        {
            return [.. tasks.Values.Where(static t => !t.IsTaken).Select(static t => t.Info())];
        }
    }

    /// <summary>The task once it has ended, or as it is after the time, or at once when <see cref="ExecutorLimits.MaxTakers"/> wait already. One that has
    /// ended is forgotten after as many others as are kept. Raises Does_not_exist(task, id).</summary>
    public async Task<TaskInfo> TakeAsync(string id, TimeSpan time, CancellationToken cancel)
    {
        var task = Find(id);
        try
        {
            if (Interlocked.Increment(ref takers) <= ExecutorLimits.MaxTakers)
            {
                await task.WaitEndedAsync(time, cancel).ConfigureAwait(false);
            }
        }
        finally
        {
            Interlocked.Decrement(ref takers);
        }

        if (task.IsEnded)
        {
            Taken(task);
        }

        return task.Info();
    }

    private void Taken(XenopsTask task)
    {
        string? oldest;
        lock (gate)
        {
            if (task.IsTaken)
            {
                return;
            }

            task.IsTaken = true;
            taken.Enqueue(task.Id);
            oldest = taken.Count > ExecutorLimits.MaxTaken ? taken.Dequeue() : null;
        }

        if (oldest is not null)
        {
            Destroy(oldest);
        }
    }

    /// <summary>Forgets a task; one that still runs goes on unseen. An unknown id is no error: destroying twice is common.</summary>
    public void Destroy(string id)
    {
        lock (gate)
        {
            if (long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out long number))
            {
                tasks.Remove(number);
            }
        }

        updates.Remove(new DynamicId.Task(id));
    }

    public void DestroyOnFinish(string id)
    {
        var task = Find(id);
        task.DestroyOnFinish = true;
        if (task.IsEnded)
        {
            Destroy(id);
        }
    }

    private void MakePlace()
    {
        foreach (var (number, task) in tasks)
        {
            if (task.IsEnded)
            {
                tasks.Remove(number);
                updates.Remove(new DynamicId.Task(task.Id));
                return;
            }
        }

        throw XenopsError.Internal($"{ExecutorLimits.MaxTasks} tasks are running");
    }
}
