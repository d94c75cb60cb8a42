using System.Collections.Concurrent;
using System.Net.Sockets;
using Toolstack.Hosting.Switch.Wire;

namespace Toolstack.Hosting.Switch;

/// <summary>What a session hands up to the connection that owns it.</summary>
internal interface ISwitchSessionOwner
{
    void Replied(ResponseDelivery reply);

    void Requested(SwitchSession session, RequestDelivery delivery);

    void SubscriptionEnded(SwitchSession session, string queue);

    void Cancelled(Cancelled cancelled);

    void Relieved();
}

/// <summary>One established connection of a client, from hello to its end: its own reply queue, and commands matched with their results.
/// A session is never reused; the next connection makes a new one.</summary>
internal sealed class SwitchSession : IDisposable
{
    private readonly ISwitchSessionOwner owner;
    private readonly SwitchLink link;
    private readonly ConcurrentDictionary<long, TaskCompletionSource<SwitchMessage>> commands = new();
    private readonly TaskCompletionSource<Welcome> welcome = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long lastSequence;

    private SwitchSession(Socket socket, string clientName, ISwitchSessionOwner owner)
    {
        this.owner = owner;
        ReplyQueue = $"reply.{clientName}.{Guid.NewGuid():N}";
        link = new SwitchLink(socket, owner.Relieved);
    }

    /// <summary>The transient queue that replies to this session come to.</summary>
    internal string ReplyQueue { get; }

    internal bool Congested => link.Congested;

    /// <summary>Ends, with its reason, when the connection does.</summary>
    internal Task<LinkEnd> Ended { get; private set; } = Task.FromResult(new LinkEnd(LinkEndReason.Stopped, "not started"));

    /// <summary>Connects and says hello. Raises <see cref="SocketException"/> when the switch is not there and <see cref="SwitchException"/>
    /// when it refuses or does not answer within <see cref="SwitchLimits.HelloDeadline"/>.</summary>
    internal static async Task<SwitchSession> OpenAsync(SwitchOptions options, ISwitchSessionOwner owner, CancellationToken cancel)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(options.Path), cancel).ConfigureAwait(false);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        var session = new SwitchSession(socket, options.ClientName, owner);
        session.Ended = session.RunAsync(cancel);
        try
        {
            session.Send(new Hello(SwitchLimits.ProtocolVersion, Features(options), options.ClientName));
            var welcome = await session.welcome.Task.WaitAsync(SwitchLimits.HelloDeadline, cancel).ConfigureAwait(false);
            session.link.SealedAllowed = (welcome.Features & SwitchFeatures.SealedPayloads) != 0;
            await session.CommandAsync(number => new CreateQueue(number, session.ReplyQueue, Transient: true), cancel).ConfigureAwait(false);
            await session.CommandAsync(number => new Subscribe(number, session.ReplyQueue, Window: 0), cancel).ConfigureAwait(false);
            return session;
        }
        catch (TimeoutException error)
        {
            await session.CloseAsync().ConfigureAwait(false);
            throw new SwitchException(SwitchErrorKind.Protocol, "the switch does not answer hello", error);
        }
        catch
        {
            await session.CloseAsync().ConfigureAwait(false);
            throw;
        }
    }

    internal void Send(SwitchMessage message, SwitchMessage? following = null) => link.Send(message, following);

    /// <summary>Sends a command and gives its result. Raises <see cref="SwitchException"/> when the switch refuses it or the connection ends.</summary>
    internal async Task<SwitchMessage> CommandAsync(Func<long, SwitchCommand> make, CancellationToken cancel, TimeSpan patience = default)
    {
        var number = Interlocked.Increment(ref lastSequence);
        var waiter = new TaskCompletionSource<SwitchMessage>(TaskCreationOptions.RunContinuationsAsynchronously);
        commands[number] = waiter;
        try
        {
            link.Send(make(number));
            if (Ended.IsCompleted)
            {
                throw Gone();
            }

            var result = await waiter.Task.WaitAsync(SwitchLimits.CommandDeadline + patience, cancel).ConfigureAwait(false);
            return result is CommandResult { Error: { } kind, Text: var text } ? throw new SwitchException(kind, text) : result;
        }
        catch (TimeoutException)
        {
            // A switch that does not answer is not worth keeping; the next connection starts afresh.
            link.Close(new LinkEnd(LinkEndReason.Failed, "the switch does not answer a command"));
            throw new SwitchException(SwitchErrorKind.DeadlineExpired, "the switch does not answer a command");
        }
        finally
        {
            commands.TryRemove(number, out _);
        }
    }

    internal async Task CloseAsync()
    {
        link.Close(new LinkEnd(LinkEndReason.Stopped, "stopping"));
        await Ended.ConfigureAwait(false);
        Dispose();
    }

    public void Dispose() => link.Dispose();

    private async Task<LinkEnd> RunAsync(CancellationToken cancel)
    {
        var end = await link.RunAsync(Received, cancel).ConfigureAwait(false);
        welcome.TrySetException(Gone());
        foreach (var waiter in commands.Values)
        {
            waiter.TrySetException(Gone());
        }

        _ = welcome.Task.Exception; // seen: nobody may wait for it any more
        return end;
    }

    private void Received(SwitchMessage message)
    {
        switch (message)
        {
            case ResponseDelivery reply:
                owner.Replied(reply);
                break;
            case RequestDelivery delivery:
                owner.Requested(this, delivery);
                break;
            case CommandResult result:
                Complete(result.Sequence, result);
                break;
            case QueueList list:
                Complete(list.Sequence, list);
                break;
            case Report report:
                Complete(report.Sequence, report);
                break;
            case Stored stored:
                Complete(stored.Sequence, stored);
                break;
            case Cancelled cancelled:
                owner.Cancelled(cancelled);
                break;
            case SubscriptionEnded ended:
                owner.SubscriptionEnded(this, ended.Queue);
                break;
            case Welcome hello:
                welcome.TrySetResult(hello);
                break;
            case Refusal refusal:
                welcome.TrySetException(new SwitchException(refusal.Kind, refusal.Text));
                break;
            default:
                throw new SwitchException(SwitchErrorKind.Protocol, $"the switch sent {message.GetType().Name}");
        }
    }

    private void Complete(long sequence, SwitchMessage result)
    {
        if (commands.TryGetValue(sequence, out var waiter))
        {
            waiter.TrySetResult(result);
        }
    }

    private static long Features(SwitchOptions options) =>
        options.SealedPayloads ? SwitchFeatures.All : SwitchFeatures.All & ~SwitchFeatures.SealedPayloads;

    private static SwitchException Gone() => new(SwitchErrorKind.Disconnected, "the connection to the switch ended");
}
