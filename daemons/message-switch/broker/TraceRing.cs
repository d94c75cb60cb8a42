using Toolstack.Hosting.Switch.Wire;

namespace Toolstack.MessageSwitch;

/// <summary>The last things that happened, for those who trace, and counts of all that did. Recording one copies nothing: it keeps the message, whose
/// sealed memory may be gone by the time it is looked at; all the work is done by who asks. Used under the broker's turn.</summary>
internal sealed class TraceRing(int capacity)
{
    private readonly TraceEvent[] ring = new TraceEvent[capacity];
    private readonly List<TaskCompletionSource> waiting = [];
    private long next;

    /// <summary>Requests that came since the start, and so on.</summary>
    internal long Requests { get; private set; }

    internal long Responses { get; private set; }

    internal long Deliveries { get; private set; }

    internal long Acknowledgements { get; private set; }

    /// <summary>Messages that ended without being delivered.</summary>
    internal long Failed { get; set; }

    internal void Sent(BrokerMessage message)
    {
        if (message is BrokerRequest)
        {
            Requests++;
        }
        else
        {
            Responses++;
        }

        if (capacity > 0)
        {
            var answered = (message as BrokerResponse)?.Request.Arrived ?? 0;
            Add(new TraceEvent(next, DateTime.UtcNow, message.Origin, null, message, Acknowledged: false, answered == 0 ? null : message.Arrived - answered));
        }
    }

    internal void Delivered(BrokerMessage message, string output)
    {
        Deliveries++;
        if (capacity > 0)
        {
            Add(new TraceEvent(next, DateTime.UtcNow, null, output, message, Acknowledged: false, null));
        }
    }

    internal void Acknowledged(BrokerMessage message, string input)
    {
        Acknowledgements++;
        if (capacity > 0)
        {
            Add(new TraceEvent(next, DateTime.UtcNow, input, null, message, Acknowledged: true, null));
        }
    }

    /// <summary>Events from number <paramref name="from"/> on, once there is one numbered so or later was recorded; a task to wait for otherwise.</summary>
    internal (IReadOnlyList<TraceEvent> Events, Task? Wait) From(long from)
    {
        if (next <= from)
        {
            var wait = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            waiting.Add(wait);
            return ([], wait.Task);
        }

        var events = new List<TraceEvent>();
        for (var id = Math.Max(Math.Max(from, 0), next - capacity); id < next; id++)
        {
            events.Add(ring[id % capacity]);
        }

        return (events, null);
    }

    /// <summary>Who waited for <paramref name="wait"/> does not any more.</summary>
    internal int Forget(Task wait) => waiting.RemoveAll(one => one.Task == wait);

    private void Add(TraceEvent happened)
    {
        ring[next++ % capacity] = happened;
        if (waiting.Count > 0)
        {
            waiting.ForEach(static wait => wait.TrySetResult());
            waiting.Clear();
        }
    }
}

/// <summary>A message on its way: sent by <paramref name="Input"/>, delivered to <paramref name="Output"/>, or acknowledged by
/// <paramref name="Input"/>. <paramref name="Took"/>: nanoseconds from a request to its response, if known.</summary>
internal readonly record struct TraceEvent(
    long Id, DateTime Time, string? Input, string? Output, BrokerMessage Message, bool Acknowledged, long? Took);
