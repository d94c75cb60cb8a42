using Toolstack.Hosting.Switch.Wire;

namespace Toolstack.MessageSwitch;

/// <summary>The far end of a client, as the broker sees it. Called under the broker's turn; must neither block nor call back.</summary>
internal interface IBrokerPeer
{
    /// <summary>True while nothing should be delivered; <see cref="Broker.Relieved"/> is called when that ends.</summary>
    bool Congested { get; }

    void Send(SwitchMessage message);

    /// <summary>Whether frames of this client may be read; told on every change.</summary>
    void Pause(bool paused);
}

/// <summary>One client's share of the broker: what it owns, what it consumes, what it has waiting.</summary>
internal sealed class BrokerClient(IBrokerPeer peer, string name, uint user)
{
    internal IBrokerPeer Peer { get; } = peer;

    internal string Name { get; } = name;

    /// <summary>The user of the system that it runs as.</summary>
    internal uint User { get; } = user;

    internal bool Gone { get; set; }

    /// <summary>Transient queues that die with it.</summary>
    internal List<BrokerQueue> Owned { get; } = [];

    internal Dictionary<BrokerQueue, Subscription> Subscriptions { get; } = [];

    /// <summary>Queues it transfers from.</summary>
    internal HashSet<BrokerQueue> Viewed { get; } = [];

    /// <summary>Its requests that no consumer took yet, and their payload bytes.</summary>
    internal long WaitingMessages { get; private set; }

    internal long WaitingBytes { get; private set; }

    /// <summary>Its requests in sealed memory that the switch holds.</summary>
    internal int SealedPayloads { get; set; }

    internal bool Paused { get; private set; }

    internal void Charge(BrokerMessage message, int sign)
    {
        WaitingMessages += sign;
        WaitingBytes += sign * message.Payload.Length;
    }

    internal bool Over(Settings settings) => WaitingMessages >= settings.MaxClientMessages || WaitingBytes >= settings.MaxClientBytes;

    /// <summary>A client over its share is not read from. One that still works on deliveries is, or its acknowledgements, which may be what
    /// everybody waits for, would not be heard; its requests are refused meanwhile.</summary>
    internal void UpdatePause(Settings settings)
    {
        var pause = !Gone && Over(settings) && !Subscriptions.Values.Any(subscription => subscription.Unacknowledged.Count > 0);
        if (pause != Paused)
        {
            Paused = pause;
            Peer.Pause(pause);
        }
    }
}

/// <summary>One client's interest in one queue. With a window of 0 deliveries need no acknowledgement.</summary>
internal sealed class Subscription(BrokerClient client, BrokerQueue queue)
{
    internal BrokerClient Client { get; } = client;

    internal BrokerQueue Queue { get; } = queue;

    internal int Window { get; set; }

    /// <summary>True when every message of the queue comes here, beside those who share it.</summary>
    internal bool Broadcast { get; init; }

    /// <summary>What is still to be delivered to a broadcast consumer.</summary>
    internal LinkedList<BrokerMessage> Line { get; } = new();

    /// <summary>False after unsubscribing, while deliveries made before are still unacknowledged.</summary>
    internal bool Open { get; set; }

    internal Dictionary<long, BrokerMessage> Unacknowledged { get; } = [];

    internal bool Ready => Open && !Client.Peer.Congested && (Window == 0 || Unacknowledged.Count < Window);
}
