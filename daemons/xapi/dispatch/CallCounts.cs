using System.Collections.Concurrent;
using Toolstack.Hosting;

namespace Toolstack.Xapi.Dispatch;

/// <summary>How often each message was called, failed, and how long all its calls took together. Messages never called cost nothing.</summary>
internal sealed class CallCounts
{
    private readonly ConcurrentDictionary<string, Message> messages = new(StringComparer.Ordinal);

    internal void Count(MessageEntry entry, bool failed, TimeSpan duration)
    {
        Message message = messages.GetOrAdd(entry.FullName, static _ => new Message());
        Interlocked.Increment(ref message.Calls);
        Interlocked.Add(ref message.Ticks, duration.Ticks);
        if (failed)
        {
            Interlocked.Increment(ref message.Failures);
        }
    }

    internal void Write(MetricsText page)
    {
        KeyValuePair<string, Message>[] called = [.. messages];
        page.Counter("xapi_calls_total", "Calls that ended.", "message", called.Select(static m => (m.Key, (double)Volatile.Read(ref m.Value.Calls))));
        page.Counter("xapi_call_failures_total", "Calls that ended in a failure.", "message",
            called.Select(static m => (m.Key, (double)Volatile.Read(ref m.Value.Failures))));
        page.Counter("xapi_call_seconds_total", "Seconds that calls took.", "message",
            called.Select(static m => (m.Key, TimeSpan.FromTicks(Volatile.Read(ref m.Value.Ticks)).TotalSeconds)));
    }

    private sealed class Message
    {
        internal long Calls;
        internal long Failures;
        internal long Ticks;
    }
}
