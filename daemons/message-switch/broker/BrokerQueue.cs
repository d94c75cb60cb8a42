using System.Collections.Concurrent;
using Toolstack.Hosting.Switch.Wire;

namespace Toolstack.MessageSwitch;

/// <summary>A queue: a line of waiting messages in the order of their numbers, and the consumers that share them in turn.</summary>
internal sealed class BrokerQueue(string name)
{
    private readonly List<Subscription> competing = [];
    private readonly List<Subscription> broadcasts = [];
    private int turn;

    internal string Name { get; } = name;

    /// <summary>The client a transient queue dies with; null for a persistent queue.</summary>
    internal BrokerClient? Owner { get; private set; }

    /// <summary>Made by a request before anybody created it; goes when it is empty again and nobody did.</summary>
    internal bool Implicit { get; set; }

    internal bool Destroyed { get; set; }

    internal LinkedList<BrokerMessage> Waiting { get; } = new();

    /// <summary>Messages and payload bytes in the queue, waiting or unacknowledged.</summary>
    internal long Messages { get; private set; }

    internal long Bytes { get; private set; }

    internal IEnumerable<Subscription> Subscriptions => competing.Concat(broadcasts);

    /// <summary>Consumers that get every message.</summary>
    internal IReadOnlyList<Subscription> Broadcasts => broadcasts;

    /// <summary>The user of the system that created it, and the one whose consumers it serves: the first that came. Null: none did yet.</summary>
    internal uint Creator { get; init; }

    internal uint? User { get; set; }

    /// <summary>What clients that transfer were shown and none of them acknowledged yet.</summary>
    internal ShownMessages Shown { get; } = new();

    /// <summary>Clients that transfer from this queue, with the time (in nanoseconds) by which each is expected to do so again.</summary>
    internal Dictionary<BrokerClient, long> Viewers { get; } = [];

    /// <summary>Transfers that wait for a message to come.</summary>
    internal List<TransferWait> Watchers { get; } = [];

    /// <summary>Those who share its messages.</summary>
    internal int Competitors => Open(competing) + Viewers.Count;

    internal int Consumers => Competitors + Open(broadcasts);

    internal QueueStatus Status => new(Name, Owner is not null, Consumers, Waiting.Count, (int)Messages - Waiting.Count, Bytes);

    internal bool Full(Settings settings, int payload) =>
        Messages >= settings.MaxQueueMessages || (Messages > 0 && Bytes + payload > settings.MaxQueueBytes);

    private static int Open(List<Subscription> subscriptions)
    {
        var open = 0;
        foreach (var subscription in subscriptions)
        {
            open += subscription.Open ? 1 : 0;
        }

        return open;
    }

    /// <summary>Makes it the client's own.</summary>
    internal void GiveTo(BrokerClient client)
    {
        Owner = client;
        client.Owned.Add(this);
    }

    /// <summary>Counts a message in.</summary>
    internal void Take(BrokerMessage message)
    {
        Messages++;
        Bytes += message.Payload.Length;
    }

    /// <summary>Counts a message out for good and gives its payload back.</summary>
    internal void Drop(BrokerMessage message)
    {
        Messages--;
        Bytes -= message.Payload.Length;
        message.Payload.Release();
    }

    internal void Add(Subscription subscription) => (subscription.Broadcast ? broadcasts : competing).Add(subscription);

    internal void Remove(Subscription subscription) => (subscription.Broadcast ? broadcasts : competing).Remove(subscription);

    /// <summary>The consumer whose turn it is among those that share it and can take a message, or null.</summary>
    internal Subscription? NextReady()
    {
        for (var step = 0; step < competing.Count; step++)
        {
            var index = (turn + step) % competing.Count;
            if (competing[index].Ready)
            {
                turn = index + 1;
                return competing[index];
            }
        }

        return null;
    }

    /// <summary>Lets every waiting transfer look again, when the turn is over.</summary>
    internal void WakeWatchers(ConcurrentQueue<TransferWait> woken)
    {
        while (Watchers.Count > 0)
        {
            var watcher = Watchers[^1];
            watcher.Unwatch();
            woken.Enqueue(watcher);
        }
    }

    /// <summary>Puts a message in line by its number: new ones at the end, one that comes back before those that are younger.</summary>
    internal void Enqueue(BrokerMessage message)
    {
        var after = Waiting.Last;
        if (after is not null && after.Value.Number > message.Number)
        {
            // It comes back: its place is near the front.
            var before = Waiting.First;
            while (before!.Value.Number < message.Number)
            {
                before = before.Next;
            }

            Waiting.AddBefore(before, message.Node);
            return;
        }

        Waiting.AddLast(message.Node);
    }
}
