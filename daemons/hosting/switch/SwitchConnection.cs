using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;
using Toolstack.Hosting.Switch.Wire;

namespace Toolstack.Hosting.Switch;

/// <summary>A client's one connection to the switch (native switch protocol), kept up in the background: when it ends, a new one is made,
/// with a new reply queue, its transient queues made again, the served queues subscribed again and the repeatable calls sent again. Everything is multiplexed; all members
/// may be used by any thread. The switch may start later than its clients.</summary>
public sealed class SwitchConnection : IAsyncDisposable, ISwitchSessionOwner
{
    private readonly SwitchOptions options;
    private readonly ILogger logger;
    private readonly OutstandingCalls calls;
    private readonly CancellationTokenSource disposing = new();
    private readonly Lock gate = new();
    private readonly Dictionary<string, QueueServer> servers = new(StringComparer.Ordinal);
    private readonly HashSet<string> transients = new(StringComparer.Ordinal);
    private TaskCompletionSource<SwitchSession> connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task? running;

    /// <summary>Does not connect yet. Raises <see cref="ArgumentException"/> for a client name longer than half of
    /// <see cref="SwitchLimits.MaxNameBytes"/>.</summary>
    public SwitchConnection(SwitchOptions options, ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Encoding.UTF8.GetByteCount(options.ClientName), SwitchLimits.MaxNameBytes / 2);
        this.options = options;
        calls = new OutstandingCalls(options.SealedPayloads);
        this.logger = logger;
    }

    /// <summary>True while there is a connection.</summary>
    public bool IsConnected
    {
        get
        {
            lock (gate)
            {
                return connected.Task.IsCompletedSuccessfully;
            }
        }
    }

    /// <summary>Starts to connect, and to connect again, in the background. Never fails because the switch is late.</summary>
    public void Start()
    {
        lock (gate)
        {
            running ??= Task.Run(RunAsync);
        }
    }

    /// <summary>Completes when there is a connection (at once if there is one now).</summary>
    public Task WaitConnectedAsync(CancellationToken cancel) => ConnectedAsync(cancel);

    /// <summary>Sends a request and gives its reply. Waits, within <paramref name="deadline"/>, for a connection to come (back) before it
    /// sends. A call whose connection breaks after sending is sent again only if <paramref name="retrySafe"/>.
    /// Raises <see cref="SwitchException"/>: NotConnected and QueueFull mean that nothing ran; NoConsumer, that nobody took the request in
    /// the switch's grace period; Disconnected and DeadlineExpired, that it may have run; HandlerFailed, that it ran and failed.</summary>
    public async Task<ReadOnlyMemory<byte>> CallAsync(
        string queue, ReadOnlyMemory<byte> request, TimeSpan deadline, bool retrySafe, CancellationToken cancel)
    {
        CheckName(queue);
        var reply = await calls.CallAsync(queue, request, deadline, retrySafe, cancel).ConfigureAwait(false);
        var bytes = reply.Bytes;
        reply.Release();
        return bytes;
    }

    /// <summary>As <see cref="CallAsync"/>, without copying a large reply; the caller disposes it.</summary>
    public async Task<SwitchReply> CallUncopiedAsync(
        string queue, ReadOnlyMemory<byte> request, TimeSpan deadline, bool retrySafe, CancellationToken cancel)
    {
        CheckName(queue);
        return new SwitchReply(await calls.CallAsync(queue, request, deadline, retrySafe, cancel).ConfigureAwait(false));
    }

    /// <summary>Sends a message that wants no answer to a queue that exists, where it is kept until a consumer acknowledges it, however late one
    /// comes. When this ends it is kept: by a switch with a state directory on the disk. Raises <see cref="SwitchException"/>: QueueDestroyed when
    /// there is no such queue, QueueFull, NotConnected; Disconnected and DeadlineExpired mean that it may or may not be kept.</summary>
    public async Task<MessageId> StoreAsync(string queue, ReadOnlyMemory<byte> message, CancellationToken cancel)
    {
        CheckName(queue);
        var session = await ConnectedAsync(cancel).ConfigureAwait(false);
        var payload = SwitchPayload.Of(message);
        try
        {
            var stored = await session.CommandAsync(number => new Store(number, queue, payload), cancel).ConfigureAwait(false);
            return ((Stored)stored).Id;
        }
        finally
        {
            payload.Release();
        }
    }

    /// <summary>Creates a queue unless it exists: one that stays, or one that lives as long as this client, which makes it again on every new
    /// connection (its messages are gone then). Raises <see cref="SwitchException"/>: NotOwner when a transient queue of that name is another client's.</summary>
    public async Task CreateAsync(string queue, bool transient, CancellationToken cancel)
    {
        CheckName(queue);
        var session = await ConnectedAsync(cancel).ConfigureAwait(false);
        await session.CommandAsync(number => new CreateQueue(number, queue, transient), cancel).ConfigureAwait(false);
        if (!transient)
        {
            return;
        }

        SwitchSession? now;
        lock (gate)
        {
            transients.Add(queue);
            now = Current();
        }

        if (now is not null && now != session)
        {
            // The connection changed meanwhile, before the queue was known to be made again on it.
            await MakeAgainAsync(now, queue, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>Consumes a persistent queue, created where it does not exist, beside other consumers of it, with up to
    /// <paramref name="concurrency"/> handlers at a time (1 to <see cref="SwitchLimits.MaxWindow"/>). Each result is sent as the reply, then
    /// the request is acknowledged; a handler's exception becomes the caller's HandlerFailed. Ends when <paramref name="cancel"/> is
    /// cancelled and the last handler returned; a handler ended by that cancellation leaves its request to another consumer.
    /// The token of a handler is cancelled then, and when the caller of its request cancels.
    /// Raises <see cref="SwitchException"/> when the switch refuses the subscription and <see cref="InvalidOperationException"/> when this
    /// client serves the queue already.</summary>
    public Task ServeAsync(string queue, Func<SwitchRequest, CancellationToken, ValueTask<ReadOnlyMemory<byte>>> handler,
        int concurrency, CancellationToken cancel) => ServeAsync(queue, handler, concurrency, broadcast: false, cancel);

    /// <summary>As the other ServeAsync; with <paramref name="broadcast"/> every message of the queue comes here, whoever else gets it
    /// (a request is answered by the first of its consumers to do so).</summary>
    public async Task ServeAsync(string queue, Func<SwitchRequest, CancellationToken, ValueTask<ReadOnlyMemory<byte>>> handler,
        int concurrency, bool broadcast, CancellationToken cancel)
    {
        CheckName(queue);
        ArgumentOutOfRangeException.ThrowIfLessThan(concurrency, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(concurrency, SwitchLimits.MaxWindow);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel, disposing.Token);
        var server = new QueueServer(queue, handler, concurrency, broadcast, logger, stop.Token);
        SwitchSession? session;
        lock (gate)
        {
            if (!servers.TryAdd(queue, server))
            {
                throw new InvalidOperationException($"{queue} is served by this client already");
            }

            session = Current();
        }

        using var stopped = stop.Token.UnsafeRegister(static target => ((QueueServer)target!).Stop(), server);
        try
        {
            if (session is not null)
            {
                await server.SubscribeAsync(session).ConfigureAwait(false);
            }

            await server.Stopped.ConfigureAwait(false);
        }
        finally
        {
            lock (gate)
            {
                servers.Remove(queue);
                session = Current();
            }

            // The result is not waited for: deliveries that cross it are returned.
            session?.Send(new Unsubscribe(0, queue));
        }
    }

    /// <summary>The state of every queue whose name starts with <paramref name="prefix"/>. Raises <see cref="SwitchException"/>.</summary>
    public Task<IReadOnlyList<QueueStatus>> ListAsync(string prefix, CancellationToken cancel) => ListAsync(prefix, alive: false, cancel);

    /// <summary>The same; with <paramref name="alive"/> only of queues that somebody consumes.</summary>
    public async Task<IReadOnlyList<QueueStatus>> ListAsync(string prefix, bool alive, CancellationToken cancel)
    {
        var session = await ConnectedAsync(cancel).ConfigureAwait(false);
        var list = await session.CommandAsync(number => new ListQueues(number, prefix) { Alive = alive }, cancel).ConfigureAwait(false);
        return list is QueueList { Queues: var queues }
            ? queues
            : throw new SwitchException(SwitchErrorKind.Protocol, "the switch did not answer with a list");
    }

    /// <summary>Everything the switch holds, as the JSON (UTF-8) of the original protocol's diagnostics. Raises <see cref="SwitchException"/>.</summary>
    public async Task<ReadOnlyMemory<byte>> DiagnoseAsync(CancellationToken cancel)
    {
        var session = await ConnectedAsync(cancel).ConfigureAwait(false);
        return Document(await session.CommandAsync(static number => new Diagnose(number), cancel).ConfigureAwait(false));
    }

    /// <summary>Events from number <paramref name="from"/> on, as the JSON (UTF-8) of the original protocol's trace, as soon as there are any or
    /// after <paramref name="patience"/>, at most <see cref="SwitchLimits.MaxTracePatience"/>. Raises <see cref="SwitchException"/>.</summary>
    public async Task<ReadOnlyMemory<byte>> TraceAsync(long from, TimeSpan patience, CancellationToken cancel)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(patience, SwitchLimits.MaxTracePatience);
        var session = await ConnectedAsync(cancel).ConfigureAwait(false);
        return Document(await session.CommandAsync(
            number => new FollowTrace(number, from, (long)patience.TotalMilliseconds), cancel, patience).ConfigureAwait(false));
    }

    /// <summary>Removes a queue; callers waiting in it get QueueDestroyed. Raises <see cref="SwitchException"/>.</summary>
    public async Task DestroyAsync(string queue, CancellationToken cancel)
    {
        CheckName(queue);
        lock (gate)
        {
            transients.Remove(queue);
        }

        var session = await ConnectedAsync(cancel).ConfigureAwait(false);
        await session.CommandAsync(number => new DestroyQueue(number, queue), cancel).ConfigureAwait(false);
    }

    /// <summary>Closes the connection for good: calls fail, serving ends as if cancelled.</summary>
    public async ValueTask DisposeAsync()
    {
        await disposing.CancelAsync().ConfigureAwait(false);
        calls.Close();
        if (running is not null)
        {
            await running.ConfigureAwait(false);
        }

        connected.TrySetCanceled();
    }

    void ISwitchSessionOwner.Replied(ResponseDelivery reply) => calls.Replied(reply);

    void ISwitchSessionOwner.Relieved() => calls.Relieved();

    void ISwitchSessionOwner.Requested(SwitchSession session, RequestDelivery delivery)
    {
        if (Server(delivery.Queue) is { } server)
        {
            server.Accept(session, delivery);
        }
        else
        {
            delivery.Payload.Release();
            session.Send(new Return(delivery.Queue, delivery.Id));
        }
    }

    void ISwitchSessionOwner.SubscriptionEnded(SwitchSession session, string queue)
    {
        if (Server(queue) is { } server)
        {
            _ = server.SubscribeAsync(session);
        }
    }

    void ISwitchSessionOwner.Cancelled(Cancelled cancelled) => Server(cancelled.Queue)?.Cancelled(cancelled.Id);

    private async Task RunAsync()
    {
        var cancel = disposing.Token;
        var backOff = options.FirstBackOff;
        var complained = false;
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                await KeepOneSessionAsync(cancel).ConfigureAwait(false);
                backOff = options.FirstBackOff;
                complained = false;
            }
            catch (Exception error) when (error is SocketException or SwitchException or OperationCanceledException)
            {
                if (!complained && !cancel.IsCancellationRequested)
                {
                    Log.CannotConnect(logger, options.Path, error.Message);
                    complained = true;
                }
            }

            // Pauses after a lost connection too: a switch that closes each at once must not be hammered.
            await Task.Delay(backOff, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            backOff = backOff * 2 < options.LongestBackOff ? backOff * 2 : options.LongestBackOff;
        }
    }

    private async Task KeepOneSessionAsync(CancellationToken cancel)
    {
        using var session = await SwitchSession.OpenAsync(options, this, cancel).ConfigureAwait(false);
        var made = Task.WhenAll(Transients().Select(queue => MakeAgainAsync(session, queue, cancel)));
        List<QueueServer> toSubscribe;
        lock (gate)
        {
            connected.TrySetResult(session);
            toSubscribe = [.. servers.Values];
        }

        Log.Connected(logger, options.Path);
        var subscribing = toSubscribe.Select(server => ServeAgainAsync(made, session, server)).Append(made).ToList();
        calls.Connected(session);
        var end = await session.Ended.ConfigureAwait(false);
        lock (gate)
        {
            connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        calls.Disconnected(session);
        await Task.WhenAll(subscribing).ConfigureAwait(false);
        if (!cancel.IsCancellationRequested)
        {
            Log.Disconnected(logger, options.Path, end.Detail);
        }
    }

    private List<string> Transients()
    {
        lock (gate)
        {
            return [.. transients];
        }
    }

    // After the transient queues, of which it may be one.
    private static async Task ServeAgainAsync(Task made, SwitchSession session, QueueServer server)
    {
        await made.ConfigureAwait(false);
        await server.SubscribeAsync(session).ConfigureAwait(false);
    }

    /// <summary>Makes a transient queue of an earlier connection again. The switch may not have seen the end of that connection yet: then the
    /// queue goes first, and the next attempt makes it.</summary>
    private async Task MakeAgainAsync(SwitchSession session, string queue, CancellationToken cancel)
    {
        var until = Environment.TickCount64 + (long)SwitchLimits.CommandDeadline.TotalMilliseconds;
        while (true)
        {
            try
            {
                await session.CommandAsync(number => new CreateQueue(number, queue, Transient: true), cancel).ConfigureAwait(false);
                return;
            }
            catch (SwitchException owned) when (owned.Kind == SwitchErrorKind.NotOwner && Environment.TickCount64 < until)
            {
                await Task.Delay(options.FirstBackOff, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (SwitchException error)
            {
                Log.QueueNotMadeAgain(logger, queue, error.Message);
                return;
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private Task<SwitchSession> ConnectedAsync(CancellationToken cancel)
    {
        lock (gate)
        {
            return connected.Task.WaitAsync(cancel);
        }
    }

    // Under the gate.
    private SwitchSession? Current() => connected.Task.IsCompletedSuccessfully ? connected.Task.Result : null;

    private QueueServer? Server(string queue)
    {
        lock (gate)
        {
            return servers.GetValueOrDefault(queue);
        }
    }

    private static ReadOnlyMemory<byte> Document(SwitchMessage answer)
    {
        var payload = answer is Report report ? report.Payload : throw new SwitchException(SwitchErrorKind.Protocol, "the switch did not answer with a report");
        var bytes = payload.Bytes;
        payload.Release();
        return bytes;
    }

    private static void CheckName(string queue)
    {
        ArgumentException.ThrowIfNullOrEmpty(queue);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Encoding.UTF8.GetByteCount(queue), SwitchLimits.MaxNameBytes, nameof(queue));
    }
}
