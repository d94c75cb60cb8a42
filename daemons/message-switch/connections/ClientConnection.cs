using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Toolstack.Hosting.Switch;
using Toolstack.Hosting.Switch.Wire;

namespace Toolstack.MessageSwitch;

/// <summary>One client's connection: hello first, then every frame is a turn of the broker. Whatever goes wrong ends this connection only.</summary>
internal sealed class ClientConnection : IBrokerPeer, ISwitchPeer
{
    private readonly Turns turns;
    private readonly ILogger logger;
    private readonly PeerIdentity identity;
    private readonly SwitchLink link;
    private readonly SlowCommands slow;
    private readonly CancellationTokenSource ended = new();
    private readonly Timer hello;
    private BrokerClient? client;
    private bool tellsCancellation;

    internal ClientConnection(Socket socket, Turns turns, Settings settings, PeerIdentity identity, ILogger logger)
    {
        this.turns = turns;
        this.logger = logger;
        this.identity = identity;
        link = new SwitchLink(socket, Relieved);
        slow = new SlowCommands(turns, settings, link, ended.Token);
        hello = new Timer(static connection => ((ClientConnection)connection!).HelloOverdue(), this, Timeout.Infinite, Timeout.Infinite);
    }

    public bool Congested => link.Congested;

    public async Task RunAsync(CancellationToken stopping)
    {
        hello.Change(SwitchLimits.HelloDeadline, Timeout.InfiniteTimeSpan);
        var end = await link.RunAsync(Received, stopping).ConfigureAwait(false);
        await ended.CancelAsync().ConfigureAwait(false);
        if (client is not null)
        {
            turns.Detach(client);
        }

        var name = client?.Name ?? "unknown";
        if (end.Reason == LinkEndReason.Failed)
        {
            Log.ConnectionFailed(logger, name, end.Cause);
        }
        else
        {
            Log.Ended(logger, name, end.Reason, end.Detail);
        }
    }

    public void Dispose()
    {
        hello.Dispose();
        link.Dispose();
        ended.Dispose();
    }

    void IBrokerPeer.Send(SwitchMessage message)
    {
        if (tellsCancellation || message is not Cancelled)
        {
            link.Send(message);
        }
    }

    // Not reading is the back-pressure: the client's socket fills and its sender waits.
    void IBrokerPeer.Pause(bool paused)
    {
        Log.Paused(logger, client?.Name ?? "", paused);
        link.Pause(paused);
    }

    private void Received(SwitchMessage message)
    {
        if (client is null)
        {
            Greet(message);
        }
        else if (!slow.Take(client, message))
        {
            turns.Handle(client, message);
        }
    }

    private void Greet(SwitchMessage message)
    {
        if (message is not Hello greeting)
        {
            throw new SwitchException(SwitchErrorKind.Protocol, $"{message.GetType().Name} before hello");
        }

        hello.Dispose();
        if (greeting.Version != SwitchLimits.ProtocolVersion)
        {
            var text = $"protocol version {greeting.Version} is not spoken here; only {SwitchLimits.ProtocolVersion} is";
            link.CloseAfter(new Refusal(SwitchErrorKind.Protocol, text), new LinkEnd(LinkEndReason.Refused, text));
            return;
        }

        // Welcome goes out before anything a turn may send.
        var features = greeting.Features & SwitchFeatures.All;
        link.SealedAllowed = (features & SwitchFeatures.SealedPayloads) != 0;
        tellsCancellation = (features & SwitchFeatures.Cancellation) != 0;
        link.Send(new Welcome(SwitchLimits.ProtocolVersion, features, turns.Incarnation));
        Volatile.Write(ref client, turns.Attach(this, greeting.ClientName, identity.User));
        Log.LoggedIn(logger, greeting.ClientName, identity.Process, identity.User);
    }

    private void HelloOverdue()
    {
        if (Volatile.Read(ref client) is null)
        {
            link.Close(new LinkEnd(LinkEndReason.Refused, $"no hello within {SwitchLimits.HelloDeadline.TotalSeconds} s (HelloDeadline)"));
        }
    }

    private void Relieved()
    {
        if (client is not null)
        {
            turns.Relieved(client);
        }
    }
}
