using System.Text;
using Toolstack.Hosting.Switch;
using Toolstack.Hosting.Switch.Wire;

namespace Toolstack.MessageSwitch;

/// <summary>The logic of the switch with no sockets, timers or threads: every call is one turn, made under the caller's lock, with the
/// time read once from <paramref name="clock"/> (milliseconds, monotone). Numbers of messages grow over all queues, so that a queue that is
/// destroyed and created again never repeats one. This part: clients, queues, subscriptions.</summary>
internal sealed partial class Broker(
    Settings settings, long incarnation, Func<long> clock, long lastNumber = 0, Journal? journal = null)
{
    private readonly Dictionary<string, BrokerQueue> queues = new(StringComparer.Ordinal);
    private readonly DueHeap due = new();
    private long lastNumber = lastNumber;
    private readonly List<TaskCompletionSource> roomWanted = [];
    private int sealedPayloads;

    internal long Incarnation { get; } = incarnation;

    /// <summary>When <see cref="Expire"/> has something to do, or null.</summary>
    internal long? NextDue => due.Next;

    /// <summary>The state of every queue.</summary>
    internal IReadOnlyList<QueueStatus> Statuses => [.. queues.Values.Select(static queue => queue.Status)];

    internal static BrokerClient Attach(IBrokerPeer peer, string name, uint user = 0) => new(peer, name, user);

    /// <summary>The client's connection ended: its transient queues die, what it had taken goes back to the queues.</summary>
    internal void Detach(BrokerClient client)
    {
        client.Gone = true;
        foreach (var subscription in client.Subscriptions.Values.ToList())
        {
            End(subscription);
        }

        foreach (var queue in client.Viewed)
        {
            ViewerLeft(client, queue);
        }

        foreach (var queue in client.Owned.ToList())
        {
            Destroy(queue);
        }
    }

    /// <summary>A congested client can take deliveries again.</summary>
    internal void Relieved(BrokerClient client)
    {
        foreach (var subscription in client.Subscriptions.Values.ToList())
        {
            Pump(subscription);
        }
    }

    /// <summary>One frame of a client. Raises <see cref="SwitchException"/> (Protocol) when the client may not send it: the connection ends.</summary>
    internal void Handle(BrokerClient client, SwitchMessage message)
    {
        switch (message)
        {
            case Request request:
                Accept(client, request);
                break;
            case Response response:
                Accept(client, response);
                break;
            case Acknowledge acknowledge:
                Settle(client, acknowledge.Queue, acknowledge.Id, done: true);
                break;
            case Return given:
                Settle(client, given.Queue, given.Id, done: false);
                break;
            case Cancel cancel:
                Withdraw(client, cancel);
                break;
            case SwitchCommand command:
                client.Peer.Send(Run(client, command));
                PumpIfSubscribed(client, command);
                break;
            default:
                throw new SwitchException(SwitchErrorKind.Protocol, $"a client may not send {message.GetType().Name}");
        }
    }

    private SwitchMessage Run(BrokerClient client, SwitchCommand command)
    {
        try
        {
            switch (command)
            {
                case CreateQueue create:
                    CheckOwner(client, create);
                    Create(client, create);
                    break;
                case DestroyQueue destroy:
                    Destroy(Find(client, destroy.Queue, destroying: true));
                    break;
                case Subscribe subscribe:
                    Open(client, subscribe);
                    break;
                case Unsubscribe unsubscribe:
                    Close(client, unsubscribe.Queue);
                    break;
                case ListQueues list:
                    var found = queues.Values.Where(queue => queue.Name.StartsWith(list.Prefix, StringComparison.Ordinal)
                        && (!list.Alive || queue.Consumers > 0));
                    return new QueueList(list.Sequence, [.. found.Select(queue => queue.Status)]);
                default:
                    throw new SwitchException(SwitchErrorKind.Protocol, $"no command {command.GetType().Name}");
            }

            return new CommandResult(command.Sequence, null, "");
        }
        catch (SwitchException refused) when (refused.Kind != SwitchErrorKind.Protocol)
        {
            return new CommandResult(command.Sequence, refused.Kind, refused.Message);
        }
    }

    // In the original protocol that is no error: whoever is not its owner finds out when he reads from it.
    private void CheckOwner(BrokerClient client, CreateQueue create)
    {
        if (create.Transient && queues.TryGetValue(create.Queue, out var existing) && existing.Owner is { } owner && owner != client)
        {
            throw new SwitchException(SwitchErrorKind.NotOwner, $"queue {create.Queue} belongs to {owner.Name}");
        }
    }

    private void Create(BrokerClient client, CreateQueue create)
    {
        if (queues.TryGetValue(create.Queue, out var existing))
        {
            if (existing.Implicit)
            {
                Declare(existing, create.Transient ? client : null);
            }

            return;
        }

        var made = Create(create.Queue, create.Transient ? client : null, client.User);
        if (made.Owner is null)
        {
            journal?.Append(new QueueMade(made.Name));
        }
    }

    /// <summary>A queue that a request or a transfer made is what its creator says, unless others use it already.</summary>
    private void Declare(BrokerQueue queue, BrokerClient? owner)
    {
        queue.Implicit = false;
        if (owner is not null && queue.Viewers.Keys.All(viewer => viewer == owner))
        {
            queue.GiveTo(owner);
        }
        else
        {
            journal?.Append(new QueueMade(queue.Name));
        }
    }

    private BrokerQueue Create(string name, BrokerClient? owner, uint creator = 0)
    {
        if (name.Length == 0)
        {
            throw new SwitchException(SwitchErrorKind.Protocol, "a queue without a name");
        }

        if (queues.Count >= SwitchLimits.MaxQueues)
        {
            throw new SwitchException(SwitchErrorKind.TooMany,
                $"{queues.Count} queues; allowed is up to {SwitchLimits.MaxQueues} (MaxQueues)");
        }

        var queue = new BrokerQueue(name) { Creator = creator };
        queues.Add(name, queue);
        if (owner is not null)
        {
            queue.GiveTo(owner);
        }

        return queue;
    }

    /// <summary>The queue, if the client may consume it or destroy it. A transient queue belongs to the client that created it. A persistent one
    /// belongs to the user of its first consumer, or for destroying, before there was one, to the user that created it. Root may do everything.</summary>
    private BrokerQueue Find(BrokerClient client, string name, bool destroying = false)
    {
        if (!queues.TryGetValue(name, out var queue))
        {
            throw new SwitchException(SwitchErrorKind.QueueDestroyed, $"queue {name} does not exist");
        }

        if (queue.Owner is not null && queue.Owner != client)
        {
            throw new SwitchException(SwitchErrorKind.NotOwner, $"queue {name} belongs to {queue.Owner.Name}");
        }

        if (destroying ? client.User != 0 && (queue.User ?? queue.Creator) != client.User : client.User != 0 && queue.User is { } user && user != client.User)
        {
            throw new SwitchException(SwitchErrorKind.NotOwner, $"queue {name} belongs to user {queue.User ?? queue.Creator}");
        }

        return queue;
    }

    /// <summary>As <see cref="Find"/>, for a consumer; the first one makes the queue its user's.</summary>
    private BrokerQueue Claim(BrokerClient client, string name)
    {
        var queue = Find(client, name);
        queue.User ??= client.User;
        return queue;
    }

    private void Destroy(BrokerQueue queue)
    {
        EndCopies(queue);
        queue.Destroyed = true;
        queues.Remove(queue.Name);
        queue.Owner?.Owned.Remove(queue);
        if (queue is { Owner: null, Implicit: false })
        {
            journal?.Append(new QueueGone(queue.Name));
        }

        foreach (var subscription in queue.Subscriptions.ToList())
        {
            subscription.Client.Subscriptions.Remove(queue);
            foreach (var message in subscription.Unacknowledged.Values)
            {
                Forget(message);
            }

            if (subscription.Open)
            {
                subscription.Client.Peer.Send(new SubscriptionEnded(queue.Name));
            }

            subscription.Client.UpdatePause(settings);
        }

        ForgetViewers(queue);
        while (queue.Waiting.First is { Value: var message })
        {
            Fail(message, SwitchErrorKind.QueueDestroyed, $"queue {queue.Name} was destroyed");
        }
    }

    private void Open(BrokerClient client, Subscribe subscribe)
    {
        if (subscribe.Window is < 0 or > SwitchLimits.MaxWindow)
        {
            throw new SwitchException(SwitchErrorKind.TooMany,
                $"a window of {subscribe.Window}; allowed is up to {SwitchLimits.MaxWindow} (MaxWindow)");
        }

        var queue = Claim(client, subscribe.Queue);
        if (!client.Subscriptions.TryGetValue(queue, out var subscription))
        {
            if (client.Subscriptions.Count >= SwitchLimits.MaxSubscriptionsPerClient)
            {
                throw new SwitchException(SwitchErrorKind.TooMany,
                    $"{client.Subscriptions.Count} subscriptions; allowed is up to {SwitchLimits.MaxSubscriptionsPerClient} (MaxSubscriptionsPerClient)");
            }

            subscription = new Subscription(client, queue) { Broadcast = subscribe.Broadcast };
            client.Subscriptions.Add(queue, subscription);
            queue.Add(subscription);
        }

        if (subscription.Broadcast != subscribe.Broadcast)
        {
            throw new SwitchException(SwitchErrorKind.Protocol, $"queue {queue.Name} is consumed already; unsubscribe to consume it in the other way");
        }

        Create(client, new CreateQueue(0, queue.Name, Transient: false)); // not only for a while any more
        subscription.Window = subscribe.Window;
        subscription.Open = true;
    }

    // After the result has been sent, so that a client sees its command succeed before the first delivery.
    private void PumpIfSubscribed(BrokerClient client, SwitchCommand command)
    {
        if (command is Subscribe { Queue: var name } && queues.TryGetValue(name, out var queue)
            && client.Subscriptions.TryGetValue(queue, out var subscription))
        {
            foreach (var message in queue.Waiting)
            {
                Reconsider(message);
            }

            CopyWaiting(queue);
            Pump(subscription);
        }
    }

    private void Close(BrokerClient client, string name)
    {
        if (queues.TryGetValue(name, out var queue) && client.Subscriptions.TryGetValue(queue, out var subscription))
        {
            subscription.Open = false;
            if (subscription.Unacknowledged.Count == 0)
            {
                End(subscription);
            }
            else
            {
                ConsumerLeft(queue);
            }
        }
    }

    /// <summary>The subscription is over; what it had taken goes back in line.</summary>
    private void End(Subscription subscription)
    {
        var queue = subscription.Queue;
        subscription.Open = false;
        subscription.Client.Subscriptions.Remove(queue);
        queue.Remove(subscription);
        foreach (var message in subscription.Unacknowledged.Values.OrderBy(message => message.Number))
        {
            GiveUp(subscription, message);
        }

        while (subscription.Line.First is { Value: var copy })
        {
            subscription.Line.RemoveFirst();
            EndCopy(copy, served: false);
        }

        ConsumerLeft(queue);
        Pump(queue);
        DropIfUnused(queue);
    }

    private void ConsumerLeft(BrokerQueue queue)
    {
        CopyWaiting(queue);
        if (queue.Consumers == 0)
        {
            var ends = clock() + (long)settings.NoConsumerGrace.TotalMilliseconds;
            foreach (var request in queue.Waiting.OfType<BrokerRequest>())
            {
                request.GraceEnds = ends;
                Reconsider(request);
            }
        }
    }

    private void DropIfUnused(BrokerQueue queue)
    {
        if (queue is { Implicit: true, Destroyed: false, Messages: 0, Consumers: 0 })
        {
            queue.Destroyed = true;
            queues.Remove(queue.Name);
        }
    }

    private static SwitchPayload Text(string text) => new(Encoding.UTF8.GetBytes(text));
}
