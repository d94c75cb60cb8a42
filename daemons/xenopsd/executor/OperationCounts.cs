using System.Collections.Concurrent;
using Toolstack.Hosting;
using Toolstack.Xenopsd.Operations;

namespace Toolstack.Xenopsd.Executor;

/// <summary>How many operations of each kind ended, how many of them failed, and how long all took together.</summary>
internal sealed class OperationCounts
{
    private readonly ConcurrentDictionary<string, Kind> kinds = new(StringComparer.Ordinal);

    internal void Ended(Operation operation, TimeSpan duration, bool failed)
    {
        var kind = kinds.GetOrAdd(operation.Name, static _ => new Kind());
        Interlocked.Increment(ref kind.Ended);
        Interlocked.Add(ref kind.Ticks, duration.Ticks);
        if (failed)
        {
            Interlocked.Increment(ref kind.Failed);
        }
    }

    internal void Write(MetricsText page)
    {
        KeyValuePair<string, Kind>[] known = [.. kinds];
        page.Counter("xenopsd_operations_total", "Operations that ended.", "operation", known.Select(static k => (k.Key, (double)Volatile.Read(ref k.Value.Ended))));
        page.Counter("xenopsd_operation_failures_total", "Operations that failed.", "operation",
            known.Select(static k => (k.Key, (double)Volatile.Read(ref k.Value.Failed))));
        page.Counter("xenopsd_operation_seconds_total", "Seconds that operations took.", "operation",
            known.Select(static k => (k.Key, TimeSpan.FromTicks(Volatile.Read(ref k.Value.Ticks)).TotalSeconds)));
    }

    private sealed class Kind
    {
        internal long Ended;
        internal long Failed;
        internal long Ticks;
    }
}
