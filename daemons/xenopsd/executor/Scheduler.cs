using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Executor;

/// <summary>The four sets of workers. They are separate because a parent keeps its worker while it waits for its children.</summary>
public enum WorkerPool { Default, Parallel, Nested, Receive }

/// <summary>
/// Runs work items: those of one tag (a VM's id) one after the other in the order they came, whichever pool they ask for;
/// different tags at the same time, as many as the pool has workers, in turn. While an item of a tag runs it may take further
/// names for the tag (a migration's temporary ids); they end with it.
/// </summary>
public sealed class Scheduler(int workersPerPool)
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, TagQueue> tags = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> aliases = new(StringComparer.Ordinal);
    private int workers = workersPerPool;
    private readonly Pool[] pools = [.. Enum.GetValues<WorkerPool>().Select(_ => new Pool())];

    private sealed record Item(WorkerPool Pool, string? CoalesceKey, Func<Task> Run);

    private sealed class TagQueue
    {
        internal Queue<Item> Waiting { get; } = new();

        internal List<string> Aliases { get; } = [];
    }

    private sealed class Pool
    {
        /// <summary>Tags whose next item may run, in turn.</summary>
        internal Queue<string> Ready { get; } = new();

        internal int Busy { get; set; }
    }

    /// <summary>Queues an item. Its task must not fail: it reports its own failures. An item with a key is dropped when one of the
    /// same key waits in the same queue already. Raises Internal_error when the queue of the tag is full.</summary>
    public void Push(string tag, WorkerPool pool, Func<Task> run, string? coalesceKey = null)
    {
        lock (gate)
        {
            tag = aliases.GetValueOrDefault(tag, tag);
            if (!tags.TryGetValue(tag, out var queue))
            {
                tags.Add(tag, queue = new TagQueue());
                queue.Waiting.Enqueue(new Item(pool, coalesceKey, run));
                MakeReady(tag, queue);
                return;
            }

            if (coalesceKey is not null && queue.Waiting.Any(i => i.CoalesceKey == coalesceKey))
            {
                return;
            }

            if (queue.Waiting.Count >= ExecutorLimits.MaxQueuedPerTag)
            {
                throw XenopsError.Internal($"{ExecutorLimits.MaxQueuedPerTag} operations are waiting for {tag}");
            }

            queue.Waiting.Enqueue(new Item(pool, coalesceKey, run));
        }
    }

    /// <summary>Workers of each pool.</summary>
    public int Workers => workers;

    /// <summary>Workers of each pool from now on. Fewer take effect as running items end. Raises Internal_error outside 1 to
    /// <see cref="ExecutorLimits.MaxWorkers"/>.</summary>
    public void Resize(long workersPerPool)
    {
        if (workersPerPool is < 1 or > ExecutorLimits.MaxWorkers)
        {
            throw XenopsError.Internal($"{workersPerPool} workers: 1 to {ExecutorLimits.MaxWorkers} are possible");
        }

        lock (gate)
        {
            workers = (int)workersPerPool;
            foreach (var pool in pools)
            {
                Dispatch(pool);
            }
        }
    }

    /// <summary>While the running item of <paramref name="tag"/> lasts, work for <paramref name="alias"/> waits behind it. One level.</summary>
    public void Alias(string tag, string alias)
    {
        lock (gate)
        {
            tag = aliases.GetValueOrDefault(tag, tag);
            if (tags.TryGetValue(tag, out var queue) && tag != alias)
            {
                aliases[alias] = tag;
                queue.Aliases.Add(alias);
            }
        }
    }

    /// <summary>Tags that have work, with the number of items that wait behind the running one; for diagnostics.</summary>
    public IReadOnlyDictionary<string, int> Snapshot()
    {
        lock (gate)
        {
            return tags.ToDictionary(static t => t.Key, static t => t.Value.Waiting.Count);
        }
    }

    private void MakeReady(string tag, TagQueue queue)
    {
        var pool = pools[(int)queue.Waiting.Peek().Pool];
        pool.Ready.Enqueue(tag);
        Dispatch(pool);
    }

    private void Dispatch(Pool pool)
    {
        while (pool.Busy < workers && pool.Ready.TryDequeue(out string? tag))
        {
            pool.Busy++;
            var item = tags[tag].Waiting.Dequeue();
            _ = Task.Run(() => RunAsync(tag, pool, item));
        }
    }

    private async Task RunAsync(string tag, Pool pool, Item item)
    {
        try
        {
            await item.Run().ConfigureAwait(false);
        }
        finally
        {
            lock (gate)
            {
                Finish(tag, pool);
            }
        }
    }

    private void Finish(string tag, Pool pool)
    {
        var queue = tags[tag];
        foreach (string alias in queue.Aliases)
        {
            // A later alias of the same name (a migration within the host) stands.
            if (aliases.TryGetValue(alias, out string? target) && target == tag)
            {
                aliases.Remove(alias);
            }
        }

        queue.Aliases.Clear();
        pool.Busy--;
        if (queue.Waiting.Count == 0)
        {
            tags.Remove(tag);
        }
        else
        {
            MakeReady(tag, queue);
        }

        Dispatch(pool);
    }
}
