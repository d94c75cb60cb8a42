using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Toolstack.Hosting.Switch;
using Toolstack.Hosting.Switch.Wire;
using Toolstack.MessageSwitch.Http;

namespace Toolstack.MessageSwitch;

/// <summary>One connection of the original protocol: each request is a turn of the broker; transfers and traces that find nothing wait
/// between two turns.</summary>
internal sealed class CompatConnection : ISwitchPeer
{
    private static readonly HttpAnswer NotFound = HttpAnswer.Failure(404, "Not found");
    private static readonly HttpAnswer PleaseLogIn = HttpAnswer.Failure(404, "Please log in.");

    private readonly Turns turns;
    private readonly Settings settings;
    private readonly PeerIdentity peer;
    private readonly Action shutDown;
    private readonly ILogger logger;
    private readonly HttpConnection http;

    // Several tokens are possible; the smallest counts.
    private readonly SortedDictionary<string, CompatSession> sessions = new(StringComparer.Ordinal);

    internal CompatConnection(Socket socket, Turns turns, Settings settings, PeerIdentity peer, Action shutDown, ILogger logger)
    {
        this.turns = turns;
        this.settings = settings;
        this.peer = peer;
        this.shutDown = shutDown;
        this.logger = logger;
        http = new HttpConnection(socket, AnswerAsync);
    }

    private CompatSession? Session
    {
        get
        {
            foreach (var session in sessions.Values)
            {
                return session;
            }

            return null;
        }
    }

    public async Task RunAsync(CancellationToken stopping)
    {
        var end = await http.RunAsync(stopping).ConfigureAwait(false);
        var name = Session?.Token ?? "unknown";
        turns.Run(broker =>
        {
            foreach (var session in sessions.Values)
            {
                turns.Sessions.Leave(session, broker);
            }

            return true;
        });
        if (end.Reason == LinkEndReason.Failed)
        {
            Log.ConnectionFailed(logger, name, end.Cause);
        }
        else
        {
            Log.Ended(logger, name, end.Reason, end.Detail);
        }
    }

    public void Dispose() => http.Dispose();

    /// <summary>Called by the thread that serves all clients: what takes longer than a turn is given to another one.</summary>
    private async ValueTask<HttpAnswer> AnswerAsync(HttpRequest request, CancellationToken ended)
    {
        try
        {
            return CompatParser.Parse(request) switch
            {
                null => NotFound,
                { NeedsLogin: true } when Session is null => PleaseLogIn,
                TransferRequest transfer => await TransferAsync(Session!.Client, transfer, ended).ConfigureAwait(false),
                TraceRequest trace => await Task.Run(() => TraceAsync(trace, ended), ended).ConfigureAwait(false),
                DiagnosticsRequest => await Task.Run(Diagnostics, ended).ConfigureAwait(false),
                WebRequest web => await WebFiles.ReadAsync(settings.WebDirectory, web.Path, ended).ConfigureAwait(false) ?? NotFound,
                SendRequest send => await KeptAsync(await SendAsync(send.Queue, request.Body,
                    (broker, payload) => broker.Store(Session!.Client, send.Queue, send.ReplyTo, payload, request.TraceParent), ended).ConfigureAwait(false)).ConfigureAwait(false),
                SendResponse send => await KeptAsync(await SendAsync(send.Queue, request.Body,
                    (broker, payload) => broker.Respond(Session!.Client, send.Queue, send.Answered, payload), ended).ConfigureAwait(false)).ConfigureAwait(false),
                var other => await KeptAsync(Answer(other)).ConfigureAwait(false),
            };
        }
        catch (FormatException wrong)
        {
            return HttpAnswer.Failure(500, wrong.Message);
        }
        catch (SwitchException refused)
        {
            return HttpAnswer.Failure(refused.Kind == SwitchErrorKind.NotOwner ? 403 : 503, refused.Message);
        }
        catch (IOException failed)
        {
            return HttpAnswer.Failure(503, failed.Message);
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            return HttpAnswer.Failure(503, "the connection ended");
        }
    }

    /// <summary>An answer is a promise: it goes out when what it speaks of is kept.</summary>
    private async ValueTask<HttpAnswer> KeptAsync(HttpAnswer answer)
    {
        await turns.KeptAsync().ConfigureAwait(false);
        return answer;
    }

    private HttpAnswer Diagnostics() => Json(CompatAnswers.Diagnostics(turns.Run(static broker => broker.Diagnose())));

    private HttpAnswer Answer(CompatRequest request)
    {
        switch (request)
        {
            case LoginRequest login:
                return Login(login.Token);
            case ShutdownRequest:
                return Shutdown();
        }

        var client = Session!.Client;
        switch (request)
        {
            case CreateRequest create:
                turns.Run(broker => broker.CreateQueue(client, create.Name, create.Transient));
                return HttpAnswer.Text(create.Name);
            case DestroyRequest destroy:
                turns.Run(broker => broker.DestroyQueue(client, destroy.Name));
                return HttpAnswer.Empty;
            case AckRequest ack:
                turns.Run(broker => broker.Acknowledge(client, ack.Queue, ack.Number));
                return HttpAnswer.Empty;
            case ListRequest list:
                return Json(CompatAnswers.Names(turns.Run(broker => broker.Names(list.Prefix, list.Alive))));
            default:
                throw new InvalidOperationException($"no answer to {request.GetType().Name}");
        }
    }

    /// <summary>Sends, when there is room: until then the answer waits, and with it the sender, who has one request at a time.</summary>
    private async ValueTask<HttpAnswer> SendAsync(
        string queue, ReadOnlyMemory<byte> body, Func<Broker, SwitchPayload, long?> send, CancellationToken ended)
    {
        // The connection's buffer is used again: what stays in the frame is copied, what is large goes to sealed memory.
        var payload = body.Length > SwitchLimits.MaxInlineBytes ? await Task.Run(() => SwitchPayload.Of(body), ended).ConfigureAwait(false) : default;
        payload = payload.Sealed is null ? new SwitchPayload(body.ToArray()) : payload;
        var until = Environment.TickCount64 + (long)settings.FullQueueWait.TotalMilliseconds;
        long? number = null;
        try
        {
            while (true)
            {
                var (sent, full, room) = turns.Run(broker => TrySend(broker, payload, send));
                number = sent;
                if (room is null)
                {
                    return Json(CompatAnswers.Sent(queue, number));
                }

                var rest = TimeSpan.FromMilliseconds(Math.Max(0, until - Environment.TickCount64));
                if (!await WaitAsync(room, rest, ended).ConfigureAwait(false))
                {
                    turns.Run(broker => broker.ForgetRoom(room));
                    throw full!;
                }
            }
        }
        finally
        {
            if (number is null)
            {
                payload.Release();
            }
        }
    }

    /// <summary>The number it got; or that there is no room, and what to wait for.</summary>
    private static (long? Number, SwitchException? Full, Task? Room) TrySend(Broker broker, SwitchPayload payload, Func<Broker, SwitchPayload, long?> send)
    {
        try
        {
            return (send(broker, payload), null, null);
        }
        catch (SwitchException full) when (full.Kind == SwitchErrorKind.QueueFull)
        {
            return (null, full, broker.Room());
        }
    }

    private HttpAnswer Login(string token)
    {
        if (sessions.ContainsKey(token))
        {
            return HttpAnswer.Empty;
        }

        if (sessions.Count == CompatLimits.MaxLogins)
        {
            return HttpAnswer.Failure(503, $"logged in {sessions.Count} times; allowed is up to {CompatLimits.MaxLogins} (MaxLogins)");
        }

        if (turns.Run(_ => turns.Sessions.Login(token, peer)) is not { } session)
        {
            return HttpAnswer.Failure(403, $"{token} is logged in as another user.");
        }

        sessions.Add(token, session);
        Log.LoggedIn(logger, token, peer.Process, peer.User);
        return HttpAnswer.Empty;
    }

    private HttpAnswer Shutdown()
    {
        if (!peer.IsRoot)
        {
            Log.ShutdownRefused(logger, Session?.Token ?? "", peer.Process, peer.User);
            return HttpAnswer.Failure(403, "Only root may shut the switch down.");
        }

        Log.ShutdownAsked(logger, Session?.Token ?? "", peer.Process);
        shutDown();
        return HttpAnswer.Empty;
    }

    private async ValueTask<HttpAnswer> TransferAsync(BrokerClient client, TransferRequest request, CancellationToken ended)
    {
        var until = Environment.TickCount64 + (long)request.Timeout.TotalMilliseconds;
        while (true)
        {
            var rest = TimeSpan.FromMilliseconds(Math.Max(0, until - Environment.TickCount64));
            var found = turns.Run(broker => broker.Transfer(client, request.Cursor, request.Queues, rest));
            if (found.Wait is not { } wait)
            {
                return found.Bytes <= SwitchLimits.MaxInlineBytes
                    ? Json(CompatAnswers.Transferred(found))
                    : await Task.Run(() => Json(CompatAnswers.Transferred(found)), ended).ConfigureAwait(false);
            }

            if (!await WaitAsync(wait.Woken, rest, ended).ConfigureAwait(false))
            {
                turns.Run(_ => Broker.Unwatch(wait));
                return Json(CompatAnswers.Transferred(found));
            }
        }
    }

    private async Task<HttpAnswer> TraceAsync(TraceRequest request, CancellationToken ended)
    {
        var events = await TraceFollower.FollowAsync(turns, request.From, request.Timeout, ended).ConfigureAwait(false);
        return Json(CompatAnswers.Events(events, settings.TraceTruncate));
    }

    /// <summary>False when the time is over or the connection ended.</summary>
    private static async Task<bool> WaitAsync(Task wait, TimeSpan timeout, CancellationToken ended)
    {
        if (timeout == TimeSpan.Zero)
        {
            return wait.IsCompleted;
        }

        await wait.WaitAsync(timeout, ended).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return wait.IsCompleted && !ended.IsCancellationRequested;
    }

    private static HttpAnswer Json(ReadOnlyMemory<byte> body) => new(200, body);
}
