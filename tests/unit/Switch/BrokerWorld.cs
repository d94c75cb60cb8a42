using System.Text;
using Toolstack.Hosting.Switch;
using Toolstack.Hosting.Switch.Wire;
using Toolstack.MessageSwitch;

namespace Toolstack.Tests.Switch;

/// <summary>A broker with a clock that only the test moves, and clients that write down what they are sent.</summary>
internal sealed class BrokerWorld
{
    private const long Incarnation = 1000;
    private long now = 50_000;

    internal BrokerWorld(Settings? settings = null)
    {
        Settings = settings ?? new Settings();
        Broker = new Broker(Settings, Incarnation, () => now);
    }

    internal Settings Settings { get; }

    internal Broker Broker { get; }

    internal void Pass(TimeSpan time)
    {
        now += (long)time.TotalMilliseconds;
        Broker.Expire();
    }

    internal TestPeer Peer(string name, uint user = 0) => new(Broker, name, user);

    internal TestPeer Consumer(string queue, int window)
    {
        var peer = Peer("consumer");
        peer.Subscribe(queue, window);
        return peer;
    }

    internal TestPeer Caller(string name = "caller")
    {
        var peer = Peer(name);
        peer.Send(new CreateQueue(1, peer.ReplyQueue, Transient: true));
        peer.Send(new Subscribe(2, peer.ReplyQueue, 0));
        return peer;
    }
}

internal sealed class TestPeer : IBrokerPeer
{
    private readonly Broker broker;

    internal TestPeer(Broker broker, string name, uint user)
    {
        this.broker = broker;
        Client = Broker.Attach(this, name, user);
        ReplyQueue = $"reply.{name}";
    }

    internal BrokerClient Client { get; }

    internal string ReplyQueue { get; }

    internal List<SwitchMessage> Received { get; } = [];

    internal List<RequestDelivery> Requests => [.. Received.OfType<RequestDelivery>()];

    internal List<ResponseDelivery> Replies => [.. Received.OfType<ResponseDelivery>()];

    internal IEnumerable<SwitchErrorKind?> Refusals => Received.OfType<CommandResult>().Where(result => result.Error is not null).Select(result => result.Error);

    internal IEnumerable<long> Correlations => Requests.Select(request => request.Correlation);

    internal bool Paused { get; private set; }

    public bool Congested { get; set; }

    void IBrokerPeer.Send(SwitchMessage message) => Received.Add(message);

    void IBrokerPeer.Pause(bool paused) => Paused = paused;

    internal void Send(SwitchMessage message) => broker.Handle(Client, message);

    internal void Die() => broker.Detach(Client);

    internal void Subscribe(string queue, int window)
    {
        Send(new CreateQueue(3, queue, Transient: false));
        Send(new Subscribe(4, queue, window));
    }

    internal void Request(string queue, long correlation, string text) =>
        Send(new Request(queue, ReplyQueue, correlation, 30_000, new SwitchPayload(Encoding.UTF8.GetBytes(text))));

    internal void Request(string queue, params long[] correlations)
    {
        foreach (var correlation in correlations)
        {
            Request(queue, correlation, "request");
        }
    }

    internal void Answer(RequestDelivery delivery, string text)
    {
        Send(new Response(delivery.ReplyTo, delivery.Correlation, null, new SwitchPayload(Encoding.UTF8.GetBytes(text))));
        Acknowledge(delivery);
    }

    internal void Acknowledge(RequestDelivery delivery) => Send(new Acknowledge(delivery.Queue, delivery.Id));

    internal IReadOnlyList<QueueStatus> List()
    {
        Send(new ListQueues(5, ""));
        return Received.OfType<QueueList>().Last().Queues;
    }

    internal QueueStatus Status(string queue) => List().Single(status => status.Name == queue);
}
