using System.Collections.Concurrent;
using Toolstack.Hosting.Switch;
using Toolstack.Hosting.Switch.Wire;

namespace Toolstack.MessageSwitch;

/// <summary>This part: what the original protocol does instead of subscribing. A transfer shows messages without taking them: each stays,
/// visible to every client that transfers from the queue, until it is acknowledged. Once shown it is no longer given to subscriptions;
/// when the last client that transfers leaves, what it did not acknowledge goes back in line.</summary>
internal sealed partial class Broker
{
    /// <summary>The name under which the switch itself answers.</summary>
    internal const string OwnName = "message-switch";

    internal TraceRing Trace { get; } = new(settings.TraceEntries);

    /// <summary>Transfers for which something came: whoever made the turn wakes them when it is over.</summary>
    internal ConcurrentQueue<TransferWait> Woken { get; } = new();

    /// <summary>Creates a queue unless it exists; an owner that it has stays. Raises <see cref="SwitchException"/> (TooMany).</summary>
    internal bool CreateQueue(BrokerClient client, string name, bool transient)
    {
        Create(client, new CreateQueue(0, name, transient));
        return true;
    }

    /// <summary>Removes a queue; one that does not exist is no error. Raises <see cref="SwitchException"/> (NotOwner).</summary>
    internal bool DestroyQueue(BrokerClient client, string name)
    {
        if (queues.ContainsKey(name))
        {
            Destroy(Find(client, name, destroying: true));
            return true;
        }

        return false;
    }

    /// <summary>Names that somebody created, sorted; with <paramref name="alive"/> only those that somebody consumes now.</summary>
    internal IReadOnlyList<string> Names(string prefix, bool alive) =>
    [
        .. queues.Values.Where(queue => !queue.Implicit && queue.Name.StartsWith(prefix, StringComparison.Ordinal)
            && (!alive || queue.Consumers > 0)).Select(queue => queue.Name).Order(StringComparer.Ordinal),
    ];

    /// <summary>Keeps a request until it is acknowledged and gives its number, or null when the queue does not exist.
    /// Raises <see cref="SwitchException"/> (QueueFull).</summary>
    internal long? Store(BrokerClient client, string name, string replyName, SwitchPayload payload, string traceContext = "")
    {
        if (!queues.TryGetValue(name, out var queue) || queue is { Implicit: true, Consumers: 0 })
        {
            return null;
        }

        CheckShare(client);
        CheckDescriptors(client, payload);
        CheckRoom(queue, payload.Length);
        var number = ++lastNumber;
        Take(new BrokerRequest(number, queue, payload, client, null, number, clock() + (long)settings.StoredExpiry.TotalMilliseconds)
        {
            ReplyName = replyName,
            Stored = true,
            TraceContext = traceContext,
        });
        return number;
    }

    /// <summary>Completes when a message is done with: there may be room then, for this client or in the queue that it meant.</summary>
    internal Task Room()
    {
        var wait = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        roomWanted.Add(wait);
        return wait.Task;
    }

    /// <summary>Who waited for room does not any more.</summary>
    internal int ForgetRoom(Task room) => roomWanted.RemoveAll(one => one.Task == room);

    /// <summary>Answers a request by its queue and number and gives the response's own number, or null when nobody can have it.</summary>
    internal long? Respond(BrokerClient client, string name, RequestKey answered, SwitchPayload payload)
    {
        if (!queues.TryGetValue(name, out var replyTo))
        {
            return null;
        }

        var correlation = answered.Number;
        if (queues.TryGetValue(answered.Queue, out var queue) && queue.Shown.Find(answered.Number) is BrokerRequest request)
        {
            correlation = request.Correlation;
            answered = answered with { Arrived = request.Arrived };
        }

        return Reply(replyTo, client.Name, answered, correlation, null, payload, keep: true);
    }

    /// <summary>Shows what the queues hold after <paramref name="cursor"/> and what nobody was shown yet, oldest first.
    /// Raises <see cref="SwitchException"/>: NotOwner for another client's transient queue, TooMany.</summary>
    internal Transferred Transfer(BrokerClient client, long cursor, IReadOnlyList<string> names, TimeSpan timeout)
    {
        var found = new List<BrokerMessage>();
        var viewed = View(client, names, timeout);
        foreach (var queue in viewed)
        {
            DropDead(queue);
            found.AddRange(queue.Shown.After(cursor));
            found.AddRange(queue.Waiting.Take(CompatLimits.MaxTransferMessages));
        }

        if (found.Count == 0)
        {
            var wait = new TransferWait(viewed);
            viewed.ForEach(queue => queue.Watchers.Add(wait));
            return new Transferred([], cursor, wait);
        }

        found.Sort(static (one, other) => one.Number.CompareTo(other.Number));
        var shown = new List<MessageView>();
        var bytes = 0L;
        foreach (var message in found.Take(CompatLimits.MaxTransferMessages))
        {
            if (shown.Count > 0 && bytes + message.Payload.Length > CompatLimits.MaxTransferBytes)
            {
                break;
            }

            bytes += message.Payload.Length;
            Show(client, message);
            shown.Add(MessageView.Of(message));
        }

        return new Transferred(shown, Math.Max(cursor, shown[^1].Number), null, bytes);
    }

    /// <summary>A transfer does not wait any more.</summary>
    internal static bool Unwatch(TransferWait wait)
    {
        wait.Unwatch();
        return true;
    }

    /// <summary>Removes a message, shown or still waiting; one that is not there is no error. Raises <see cref="SwitchException"/> (NotOwner).</summary>
    internal bool Acknowledge(BrokerClient client, string name, long number)
    {
        if (!queues.ContainsKey(name))
        {
            return false;
        }

        var queue = Find(client, name);
        if (queue.Shown.Find(number) is { } shown)
        {
            queue.Shown.Remove(shown);
            Trace.Acknowledged(shown, client.Name);
            shown.Served = true;
            EndTurn(shown);
            return true;
        }

        if (queue.Waiting.FirstOrDefault(message => message.Number == number) is { } waiting)
        {
            Leave(waiting);
            Trace.Acknowledged(waiting, client.Name);
            Uncopy(waiting);
            waiting.Served = true;
            EndTurn(waiting);
            return true;
        }

        return false;
    }

    /// <summary>Every queue with what it holds.</summary>
    internal IReadOnlyList<QueueView> Diagnose()
    {
        var views = new List<QueueView>();
        var room = CompatLimits.MaxDiagnosticsBytes;
        foreach (var queue in queues.Values)
        {
            var contents = new List<MessageView>();
            foreach (var message in Held(queue).OrderBy(message => message.Number))
            {
                room -= message.Payload.Length;
                contents.Add(MessageView.Of(message, withPayload: room >= 0));
            }

            long? expected = queue.Viewers.Count > 0 ? queue.Viewers.Values.Max() : null;
            views.Add(new QueueView(queue.Name, queue.Owner is not null, expected, contents));
        }

        return views;
    }

    /// <summary>The queues by name. One that is missing is made, so that it is there for whoever sends to it next: the client's own reply
    /// queue (named like the client) as its own, which is how a client survives a restart of the switch, any other for as long as it is used.</summary>
    private List<BrokerQueue> View(BrokerClient client, IReadOnlyList<string> names, TimeSpan timeout)
    {
        var viewed = new List<BrokerQueue>();
        foreach (var name in names.Distinct(StringComparer.Ordinal))
        {
            if (!queues.ContainsKey(name))
            {
                var own = name == client.Name;
                Create(name, own ? client : null, client.User).Implicit = !own;
            }

            var queue = Claim(client, name);
            if (client.Viewed.Add(queue) && client.Viewed.Count > SwitchLimits.MaxSubscriptionsPerClient)
            {
                client.Viewed.Remove(queue);
                throw new SwitchException(SwitchErrorKind.TooMany, $"transfers from {client.Viewed.Count} queues; allowed is up to "
                    + $"{SwitchLimits.MaxSubscriptionsPerClient} (MaxSubscriptionsPerClient)");
            }

            queue.Viewers[client] = Nanoseconds.Now + ((long)timeout.TotalMicroseconds * 1000);
            viewed.Add(queue);
        }

        return viewed;
    }

    private void DropDead(BrokerQueue queue)
    {
        while (queue.Waiting.First is { Value: BrokerRequest request } && (request.Abandoned || request.Deadline <= clock()))
        {
            Fail(request, SwitchErrorKind.DeadlineExpired, $"the deadline passed while the request waited in queue {queue.Name}");
        }
    }

    private void Show(BrokerClient client, BrokerMessage message)
    {
        if (message.Queue.Shown.Find(message.Number) is null)
        {
            Leave(message);
            message.Queue.Shown.Add(message);
        }

        Trace.Delivered(message, client.Name);
    }

    private void ViewerLeft(BrokerClient client, BrokerQueue queue)
    {
        queue.Viewers.Remove(client);
        if (queue.Viewers.Count == 0)
        {
            foreach (var message in queue.Shown.All.ToList())
            {
                queue.Shown.Remove(message);
                PutBack(message);
            }
        }

        ConsumerLeft(queue);
        Pump(queue);
        DropIfUnused(queue);
    }

    /// <summary>The queue is destroyed: its transfers look again, and make it again if they still want it.</summary>
    private void ForgetViewers(BrokerQueue queue)
    {
        foreach (var viewer in queue.Viewers.Keys)
        {
            viewer.Viewed.Remove(queue);
        }

        foreach (var message in queue.Shown.All)
        {
            Forget(message);
        }

        queue.WakeWatchers(Woken);
    }
}
