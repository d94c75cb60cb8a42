using System.Collections.Concurrent;

namespace Toolstack.Hosting;

/// <summary>How often work of each kind ended, how often it failed, and how long all of it took together. Kinds that never were cost nothing.
/// Safe for any thread.</summary>
/// <param name="prefix">Of the metrics' names: <c>xapi_call</c> gives <c>xapi_calls_total</c>, <c>xapi_call_failures_total</c> and
/// <c>xapi_call_seconds_total</c>.</param>
/// <param name="what">The work, in the plural, as the help texts begin.</param>
/// <param name="label">The label whose value is the kind.</param>
public sealed class OutcomeCounts(string prefix, string what, string label)
{
    private readonly ConcurrentDictionary<string, Kind> kinds = new(StringComparer.Ordinal);

    public void Ended(string kind, TimeSpan duration, bool failed)
    {
        var count = kinds.GetOrAdd(kind, static _ => new Kind());
        Interlocked.Increment(ref count.Ended);
        Interlocked.Add(ref count.Ticks, duration.Ticks);
        if (failed)
        {
            Interlocked.Increment(ref count.Failed);
        }
    }

    /// <summary>How often each kind ended, and how long all of it took together.</summary>
    public IEnumerable<(string Kind, long Ended, TimeSpan Duration)> All =>
        kinds.Select(static k => (k.Key, Volatile.Read(ref k.Value.Ended), TimeSpan.FromTicks(Volatile.Read(ref k.Value.Ticks))));

    public void Write(MetricsText page)
    {
        ArgumentNullException.ThrowIfNull(page);
        KeyValuePair<string, Kind>[] known = [.. kinds];
        page.Counter($"{prefix}s_total", $"{what} that ended.", label, known.Select(static k => (k.Key, (double)Volatile.Read(ref k.Value.Ended))));
        page.Counter($"{prefix}_failures_total", $"{what} that failed.", label, known.Select(static k => (k.Key, (double)Volatile.Read(ref k.Value.Failed))));
        page.Counter($"{prefix}_seconds_total", $"Seconds that {what.ToLowerInvariant()} took.", label,
            known.Select(static k => (k.Key, TimeSpan.FromTicks(Volatile.Read(ref k.Value.Ticks)).TotalSeconds)));
    }

    private sealed class Kind
    {
        internal long Ended;
        internal long Failed;
        internal long Ticks;
    }
}
