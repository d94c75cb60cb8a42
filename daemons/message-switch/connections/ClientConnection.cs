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
    private readonly SwitchLink link;
    private BrokerClient? client;
    private TaskCompletionSource? paused;

    internal ClientConnection(Socket socket, Turns turns, ILogger logger)
    {
        this.turns = turns;
        this.logger = logger;
        link = new SwitchLink(socket, Relieved);
    }

    public bool Congested => link.Congested;

    public async Task RunAsync(CancellationToken stopping)
    {
        LinkEnd end;
        using (new Timer(static connection => ((ClientConnection)connection!).HelloOverdue(), this, SwitchLimits.HelloDeadline,
            Timeout.InfiniteTimeSpan))
        {
            end = await link.RunAsync(ReceivedAsync, stopping).ConfigureAwait(false);
        }

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

    public void Dispose() => link.Dispose();

    void IBrokerPeer.Send(SwitchMessage message) => link.Send(message);

    void IBrokerPeer.Pause(bool paused)
    {
        Log.Paused(logger, client?.Name ?? "", paused);
        if (paused)
        {
            Volatile.Write(ref this.paused, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }
        else
        {
            Interlocked.Exchange(ref this.paused, null)?.TrySetResult();
        }
    }

    private async ValueTask ReceivedAsync(SwitchMessage message)
    {
        if (client is null)
        {
            Greet(message);
            return;
        }

        turns.Handle(client, message);
        if (Volatile.Read(ref paused) is { } waiting)
        {
            // Not reading is the back-pressure: the client's socket fills and its sender waits.
            await waiting.Task.WaitAsync(link.Ending).ConfigureAwait(false);
        }
    }

    private void Greet(SwitchMessage message)
    {
        if (message is not Hello hello)
        {
            throw new SwitchException(SwitchErrorKind.Protocol, $"{message.GetType().Name} before hello");
        }

        if (hello.Version != SwitchLimits.ProtocolVersion)
        {
            var text = $"protocol version {hello.Version} is not spoken here; only {SwitchLimits.ProtocolVersion} is";
            link.CloseAfter(new Refusal(SwitchErrorKind.Protocol, text), new LinkEnd(LinkEndReason.Refused, text));
            return;
        }

        // Welcome goes out before anything a turn may send.
        var features = hello.Features & SwitchFeatures.All;
        link.SealedAllowed = (features & SwitchFeatures.SealedPayloads) != 0;
        link.Send(new Welcome(SwitchLimits.ProtocolVersion, features, turns.Incarnation));
        Volatile.Write(ref client, turns.Attach(this, hello.ClientName));
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
