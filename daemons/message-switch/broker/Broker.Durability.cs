using Toolstack.Hosting.Switch.Wire;

namespace Toolstack.MessageSwitch;

/// <summary>This part: what outlives the process. Only what a sender was told to be kept is: messages of the original protocol in persistent
/// queues. A native request lives with its caller, who has a deadline and knows whether it may be repeated.</summary>
internal sealed partial class Broker
{
    /// <summary>Makes what the journal holds, before the first client comes. A restored request may have been delivered before.</summary>
    internal void Restore(StoredState state)
    {
        journal?.Append(new NumbersUsed(lastNumber));
        var senders = new Dictionary<string, BrokerClient>(StringComparer.Ordinal);
        foreach (var (name, messages) in state.Queues)
        {
            var queue = Create(name, owner: null);
            foreach (var kept in messages.Values)
            {
                if (!senders.TryGetValue(kept.Origin, out var sender))
                {
                    sender = new BrokerClient(new NoPeer(), kept.Origin, user: 0);
                    senders.Add(kept.Origin, sender);
                }

                var message = Message(queue, sender, kept);
                message.Kept = true;
                TakeIn(message);
                if (message is BrokerRequest request)
                {
                    Wait(request);
                }
                else
                {
                    queue.Enqueue(message);
                }
            }
        }
    }

    /// <summary>Everything that outlives the process, in a form that restores it.</summary>
    internal IEnumerable<StoredRecord> State()
    {
        yield return new NumbersUsed(lastNumber);
        foreach (var queue in queues.Values.Where(static queue => queue is { Owner: null, Implicit: false }))
        {
            yield return new QueueMade(queue.Name);
            foreach (var message in Held(queue).Where(static message => message.Kept))
            {
                yield return Record(message);
            }
        }
    }

    /// <summary>All messages of a queue: in line, shown, or with a subscription.</summary>
    private static IEnumerable<BrokerMessage> Held(BrokerQueue queue) =>
        queue.Waiting.Concat(queue.Shown.All)
            .Concat(queue.Subscriptions.SelectMany(static taken => taken.Unacknowledged.Values.Concat(taken.Line))).Distinct();

    private void Keep(BrokerMessage message)
    {
        if (journal is not null && message.Queue is { Owner: null, Implicit: false })
        {
            message.Kept = true;
            journal.Append(Record(message));
        }
    }

    /// <summary>The message is done with.</summary>
    private void Drop(BrokerMessage message)
    {
        if (message.Kept)
        {
            journal?.Append(new MessageDone(message.Queue.Name, message.Number));
        }

        if (!message.Forgotten)
        {
            CountSealed(message, -1);
        }

        message.Queue.Drop(message);
        if (roomWanted.Count > 0)
        {
            roomWanted.ForEach(static wait => wait.TrySetResult());
            roomWanted.Clear();
        }
    }

    private static MessageKept Record(BrokerMessage message)
    {
        var view = MessageView.Of(message);
        return new MessageKept(view.Number, view.Queue, view.ReplyName, view.Answered, view.Origin, view.Payload);
    }

    private BrokerMessage Message(BrokerQueue queue, BrokerClient sender, MessageKept kept)
    {
        var payload = SwitchPayload.Of(kept.Payload);
        return kept.ReplyName is { } replyName
            ? new BrokerRequest(kept.Number, queue, payload, sender, null, kept.Number, clock() + (long)settings.StoredExpiry.TotalMilliseconds)
            {
                ReplyName = replyName,
                Stored = true,
                Redelivered = true,
            }
            : new BrokerResponse(kept.Number, queue, payload, kept.Origin, kept.Answered, kept.Answered.Number, null);
    }

    /// <summary>A client that is not there: the sender of a message from before the restart.</summary>
    private sealed class NoPeer : IBrokerPeer
    {
        bool IBrokerPeer.Congested => false;

        void IBrokerPeer.Send(SwitchMessage message)
        {
            // Nobody listens.
        }

        void IBrokerPeer.Pause(bool paused)
        {
            // Nobody sends.
        }
    }
}
