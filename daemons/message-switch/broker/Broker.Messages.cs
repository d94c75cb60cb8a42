using Toolstack.Hosting;
using Toolstack.Hosting.Switch;
using Toolstack.Hosting.Switch.Wire;

namespace Toolstack.MessageSwitch;

/// <summary>This part: the way of a message through its queue.</summary>
internal sealed partial class Broker
{
    /// <summary>Ends the waiting of every message whose time has come.</summary>
    internal void Expire()
    {
        var now = clock();
        while (due.DueBy(now) is { } message)
        {
            if (message is BrokerRequest request && request.Deadline > now)
            {
                Fail(request, SwitchErrorKind.NoConsumer,
                    $"nobody serves queue {request.Queue.Name} (waited {settings.NoConsumerGrace.TotalSeconds} s)");
            }
            else
            {
                Fail(message, SwitchErrorKind.DeadlineExpired, $"the deadline passed while the request waited in queue {message.Queue.Name}");
            }
        }
    }

    private void Accept(BrokerClient client, Request request)
    {
        BrokerQueue? replyTo = null;
        if (request.ReplyTo.Length > 0 && !queues.TryGetValue(request.ReplyTo, out replyTo))
        {
            throw new SwitchException(SwitchErrorKind.Protocol, $"reply queue {request.ReplyTo} does not exist");
        }

        try
        {
            Enqueue(client, request, replyTo);
        }
        catch (SwitchException refused) when (refused.Kind != SwitchErrorKind.Protocol)
        {
            request.Payload.Release();
            Tell(replyTo, new RequestKey(request.Queue, request.Correlation), request.Correlation, refused.Kind, refused.Message);
        }
    }

    private void Enqueue(BrokerClient client, Request request, BrokerQueue? replyTo)
    {
        CheckShare(client);
        CheckDescriptors(client, request.Payload);
        if (!queues.TryGetValue(request.Queue, out var queue))
        {
            queue = Create(request.Queue, owner: null, client.User);
            queue.Implicit = true;
        }

        CheckRoom(queue, request.Payload.Length);
        var now = clock();
        var left = Math.Clamp(request.DeadlineMs, 0, (long)SwitchLimits.MaxDeadline.TotalMilliseconds);
        var message = new BrokerRequest(++lastNumber, queue, request.Payload, client, replyTo, request.Correlation, now + left)
        {
            TraceContext = request.TraceContext,
            GraceEnds = now + (long)settings.NoConsumerGrace.TotalMilliseconds,
        };
        Take(message);
        client.UpdatePause(settings);
    }

    private void Take(BrokerRequest message)
    {
        TakeIn(message);
        if (message.Stored)
        {
            Keep(message);
        }

        Trace.Sent(message);
        Wait(message);
        Copy(message);
        Pump(message.Queue);
    }

    private void CheckShare(BrokerClient client)
    {
        if (client.Over(settings))
        {
            throw new SwitchException(SwitchErrorKind.QueueFull,
                $"client {client.Name} has {client.WaitingMessages} requests waiting (max-client-messages, max-client-bytes)");
        }
    }

    private void CheckDescriptors(BrokerClient client, SwitchPayload payload)
    {
        if (payload.Sealed is not null
            && (client.SealedPayloads >= SwitchLimits.MaxSealedPayloadsPerClient || sealedPayloads >= SwitchLimits.MaxSealedPayloads))
        {
            throw new SwitchException(SwitchErrorKind.QueueFull, $"{client.SealedPayloads} large payloads of client {client.Name}, {sealedPayloads} "
                + "of all are held (MaxSealedPayloadsPerClient, MaxSealedPayloads)");
        }
    }

    private void TakeIn(BrokerMessage message)
    {
        message.Queue.Take(message);
        CountSealed(message, +1);
    }

    /// <summary>It is gone with its queue, wherever it was.</summary>
    private void Forget(BrokerMessage message)
    {
        if (!message.Forgotten)
        {
            message.Forgotten = true;
            CountSealed(message, -1);
            message.Payload.Release();
        }
    }

    private void CountSealed(BrokerMessage message, int sign)
    {
        if (message.Payload.Sealed is not null)
        {
            sealedPayloads += sign;
            if (message is BrokerRequest request)
            {
                request.Sender.SealedPayloads += sign;
            }
        }
    }

    private void CheckRoom(BrokerQueue queue, int payload)
    {
        if (queue.Full(settings, payload))
        {
            throw new SwitchException(SwitchErrorKind.QueueFull,
                $"queue {queue.Name} holds {queue.Messages} messages, {queue.Bytes} bytes (max-queue-messages, max-queue-bytes)");
        }
    }

    private void Accept(BrokerClient client, Response response)
    {
        if (queues.TryGetValue(response.ReplyTo, out var queue))
        {
            Reply(queue, client.Name, Answered(client, response), response.Correlation, response.Error, response.Payload);
        }
        else
        {
            response.Payload.Release();
        }
    }

    /// <summary>The request that a response answers, which the consumer still has: it acknowledges after responding. The number of a
    /// stored request is its correlation.</summary>
    private static RequestKey Answered(BrokerClient client, Response response)
    {
        foreach (var (queue, subscription) in client.Subscriptions)
        {
            if (subscription.Unacknowledged.TryGetValue(response.Correlation, out var message)
                && message is BrokerRequest request && request.ReplyName == response.ReplyTo)
            {
                return new RequestKey(queue.Name, message.Number, message.Arrived);
            }
        }

        return new RequestKey("", response.Correlation);
    }

    /// <summary>The switch's own word about a request it will not deliver.</summary>
    private void Tell(BrokerQueue? replyTo, RequestKey request, long correlation, SwitchErrorKind kind, string text)
    {
        if (replyTo is { Destroyed: false })
        {
            Reply(replyTo, OwnName, request, correlation, kind, Text(text));
        }
    }

    /// <summary>A reply queue that is full belongs to a caller that does not read; it finds out by its own deadline.</summary>
    private long? Reply(BrokerQueue queue, string origin, RequestKey request, long correlation, SwitchErrorKind? error,
        SwitchPayload payload, bool keep = false)
    {
        if (queue.Full(settings, payload.Length))
        {
            DroppedReplies++;
            payload.Release();
            return null;
        }

        if (payload.Sealed is not null && sealedPayloads >= SwitchLimits.MaxSealedPayloads)
        {
            payload.Release();
            (error, payload) = (SwitchErrorKind.QueueFull, Text($"the response is one of more than {SwitchLimits.MaxSealedPayloads} large payloads (MaxSealedPayloads)"));
        }

        var message = new BrokerResponse(++lastNumber, queue, payload, origin, request, correlation, error);
        TakeIn(message);
        if (keep)
        {
            Keep(message);
        }

        Trace.Sent(message);
        queue.Enqueue(message);
        Copy(message);
        Pump(queue);
        return message.Number;
    }

    /// <summary>Replies for which there was no room.</summary>
    internal long DroppedReplies { get; private set; }

    private void Settle(BrokerClient client, string name, MessageId id, bool done)
    {
        // An id of an earlier incarnation, or of a message that went to another consumer meanwhile, settles nothing.
        if (id.Incarnation != Incarnation || !queues.TryGetValue(name, out var queue)
            || !client.Subscriptions.TryGetValue(queue, out var subscription)
            || !subscription.Unacknowledged.Remove(id.Number, out var message))
        {
            return;
        }

        if (done)
        {
            Trace.Acknowledged(message, client.Name);
            Done(subscription, message);
        }
        else
        {
            GiveUp(subscription, message);
            Pump(queue);
        }

        if (subscription is { Open: false, Unacknowledged.Count: 0 })
        {
            End(subscription);
        }
        else
        {
            Pump(subscription);
        }

        client.UpdatePause(settings);
    }

    /// <summary>Gives waiting messages to consumers, in turn, until one of the two runs out.</summary>
    private void Pump(BrokerQueue queue)
    {
        while (queue.Waiting.First is { Value: var message })
        {
            if (message is BrokerRequest { Abandoned: true })
            {
                Leave(message);
                EndTurn(message);
            }
            else if (message is BrokerRequest request && request.Deadline <= clock())
            {
                Fail(request, SwitchErrorKind.DeadlineExpired, $"the deadline passed while the request waited in queue {queue.Name}");
            }
            else if (queue.NextReady() is { } subscription)
            {
                Leave(message);
                Deliver(subscription, message);
            }
            else
            {
                queue.WakeWatchers(Woken);
                return;
            }
        }
    }

    private void Deliver(Subscription subscription, BrokerMessage message)
    {
        var id = new MessageId(Incarnation, message.Number);
        var name = message.Queue.Name;
        subscription.Client.Peer.Send(message switch
        {
            BrokerRequest request => new RequestDelivery(name, id, request.Redelivered, request.ReplyName, request.Correlation,
                Math.Max(0, request.Deadline - clock()), request.Payload)
            {
                TraceContext = request.TraceContext,
            },
            BrokerResponse response => new ResponseDelivery(name, id, response.Correlation, response.Error, response.Payload),
            _ => throw new InvalidOperationException($"no delivery for {message.GetType().Name}"),
        });
        if (message is BrokerRequest { TraceContext: { Length: > 0 } traced })
        {
            Spans.Past("in queue", traced, DateTime.UtcNow.AddTicks((message.Arrived - Nanoseconds.Now) / TimeSpan.NanosecondsPerTick), "queue", name);
        }

        Trace.Delivered(message, subscription.Client.Name);
        if (subscription.Window == 0)
        {
            Done(subscription, message);
        }
        else
        {
            subscription.Unacknowledged.Add(message.Number, message);
        }

        subscription.Client.UpdatePause(settings);
    }

    /// <summary>A consumer that had it is gone or gave it back.</summary>
    private void PutBack(BrokerMessage message)
    {
        if (message.Queue.Destroyed)
        {
            Forget(message);
            return;
        }

        if (message is BrokerRequest request)
        {
            request.Redelivered = true;
            request.GraceEnds = clock() + (long)settings.NoConsumerGrace.TotalMilliseconds;
            Wait(request);
        }
        else
        {
            message.Queue.Enqueue(message);
        }
    }

    private void Wait(BrokerRequest request)
    {
        request.Queue.Enqueue(request);
        request.Sender.Charge(request, +1);
        Reconsider(request);
    }

    /// <summary>When the waiting of a message ends depends on whether anybody serves its queue.</summary>
    private void Reconsider(BrokerMessage message)
    {
        if (message is BrokerRequest request)
        {
            var kept = request.Stored || request.Queue.Consumers > 0;
            due.Set(request, kept ? request.Deadline : Math.Min(request.Deadline, request.GraceEnds));
        }
    }

    /// <summary>Out of the line, if it is there, and out of the heap.</summary>
    private void Leave(BrokerMessage message)
    {
        due.Remove(message);
        if (message.Node.List != message.Queue.Waiting)
        {
            return;
        }

        message.Queue.Waiting.Remove(message.Node);
        if (message is BrokerRequest request)
        {
            request.Sender.Charge(request, -1);
            request.Sender.UpdatePause(settings);
        }
    }

    private void Fail(BrokerMessage message, SwitchErrorKind kind, string text)
    {
        Trace.Failed++;
        Leave(message);
        Uncopy(message);
        EndTurn(message);
        if (message is BrokerRequest request)
        {
            var replyTo = request.Stored ? queues.GetValueOrDefault(request.ReplyName) : request.ReplyTo;
            Tell(replyTo, new RequestKey(request.Queue.Name, request.Number), request.Correlation, kind, text);
        }

        DropIfUnused(message.Queue);
    }

    /// <summary>Its caller does not want it any more: one that waits is dropped, whoever works on one is told.</summary>
    private void Withdraw(BrokerClient client, Cancel cancel)
    {
        if (!queues.TryGetValue(cancel.Queue, out var queue))
        {
            return;
        }

        // One that competing consumers have no part in (any more) waits in the lines of those who get everything.
        var undelivered = queue.Broadcasts.SelectMany(static subscription => subscription.Line).Where(static message => !message.InTurn);
        if (queue.Waiting.Concat(undelivered).FirstOrDefault(IsMeant) is { } waiting)
        {
            Fail(waiting, SwitchErrorKind.Cancelled, "its caller cancelled it");
            return;
        }

        foreach (var subscription in queue.Subscriptions)
        {
            if (subscription.Unacknowledged.Values.FirstOrDefault(IsMeant) is { } taken)
            {
                subscription.Client.Peer.Send(new Cancelled(queue.Name, new MessageId(Incarnation, taken.Number)));
            }
        }

        bool IsMeant(BrokerMessage message) => message is BrokerRequest request && request.Sender == client
            && request.Correlation == cancel.Correlation && request.ReplyName == cancel.ReplyTo;
    }
}
