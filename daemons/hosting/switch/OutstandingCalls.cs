using System.Diagnostics;
using Toolstack.Hosting.Switch.Wire;

namespace Toolstack.Hosting.Switch;

/// <summary>The calls of a client that have no reply yet. A call is in one of two states: unsent (in a line, in the order of calling,
/// until there is a connection with room) or sent on one session. When that session ends, the call goes back to the head of the line
/// if it may be repeated, and fails otherwise. Waiting, deadlines and cancellation belong to the caller's own task.</summary>
internal sealed class OutstandingCalls(bool sealedPayloads)
{
    private readonly Lock gate = new();
    private readonly Dictionary<long, Call> calls = [];
    private readonly LinkedList<Call> unsent = new();
    private SwitchSession? session;
    private long lastCorrelation;
    private bool closed;

    /// <summary>The reply's payload, which the caller releases.</summary>
    internal async Task<SwitchPayload> CallAsync(
        string queue, ReadOnlyMemory<byte> request, TimeSpan deadline, bool retrySafe, CancellationToken cancel)
    {
        using var span = Spans.Call("send", queue);
        deadline = deadline > SwitchLimits.MaxDeadline || deadline < TimeSpan.Zero ? SwitchLimits.MaxDeadline : deadline;
        var call = Register(queue, request, deadline, retrySafe);
        var taken = false;
        try
        {
            // The switch says so too when the deadline passes, at about the same time: its word is as good.
            var waiting = call.Reply.Task.WaitAsync(deadline, cancel);
            await ((Task)waiting).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!call.Reply.Task.IsCompleted && waiting is { IsFaulted: true, Exception.InnerException: TimeoutException })
            {
                throw call.WasSent
                    ? new SwitchException(SwitchErrorKind.DeadlineExpired, $"no reply from {queue} within {deadline}")
                    : new SwitchException(SwitchErrorKind.NotConnected, $"no connection to the switch within {deadline}; nothing was sent to {queue}");
            }

            var reply = await (call.Reply.Task.IsCompleted ? call.Reply.Task : waiting).ConfigureAwait(false);
            taken = true;
            return reply;
        }
        finally
        {
            Forget(call, cancelled: cancel.IsCancellationRequested && !taken);
            call.Payload.Release();
            if (!taken && call.Reply.Task.IsCompletedSuccessfully)
            {
                // It came while the caller gave up.
                (await call.Reply.Task.ConfigureAwait(false)).Release();
            }
        }
    }

    private void Forget(Call call, bool cancelled)
    {
        lock (gate)
        {
            calls.Remove(call.Correlation);
            if (call.SentOn is null)
            {
                unsent.Remove(call);
            }
            else if (cancelled && call.SentOn == session)
            {
                session.Send(new Cancel(call.Queue, session.ReplyQueue, call.Correlation));
            }
        }
    }

    /// <summary>A connection is there: everything unsent goes out on it.</summary>
    internal void Connected(SwitchSession connected)
    {
        lock (gate)
        {
            session = connected;
            SendUnsent();
        }
    }

    /// <summary>The connection is gone: what was sent on it is unsent again or fails.</summary>
    internal void Disconnected(SwitchSession gone)
    {
        lock (gate)
        {
            session = null;
            foreach (var call in calls.Values.Where(call => call.SentOn == gone).OrderByDescending(call => call.Correlation).ToList())
            {
                call.SentOn = null;
                if (call.RetrySafe)
                {
                    unsent.AddFirst(call);
                }
                else
                {
                    call.Fail(new SwitchException(SwitchErrorKind.Disconnected, $"the connection broke while {call.Queue} worked; the call may have run"));
                }
            }
        }
    }

    /// <summary>No connection will come any more.</summary>
    internal void Close()
    {
        lock (gate)
        {
            closed = true;
            foreach (var call in calls.Values)
            {
                call.Fail(new SwitchException(
                    call.WasSent ? SwitchErrorKind.Disconnected : SwitchErrorKind.NotConnected, "this client of the switch was closed"));
            }
        }
    }

    internal void Relieved()
    {
        lock (gate)
        {
            SendUnsent();
        }
    }

    internal void Replied(ResponseDelivery reply)
    {
        Call? call;
        lock (gate)
        {
            // A reply nobody waits for any more: its caller gave up at its deadline.
            if (!calls.TryGetValue(reply.Correlation, out call))
            {
                reply.Payload.Release();
                return;
            }
        }

        if (reply.Error is { } kind)
        {
            call.Fail(new SwitchException(kind, System.Text.Encoding.UTF8.GetString(reply.Payload.Bytes.Span)));
            reply.Payload.Release();
        }
        else
        {
            call.Succeed(reply.Payload);
        }
    }

    private Call Register(string queue, ReadOnlyMemory<byte> request, TimeSpan deadline, bool retrySafe)
    {
        if (request.Length > SwitchLimits.MaxPayloadBytes)
        {
            throw new SwitchException(SwitchErrorKind.PayloadTooLarge,
                $"a request of {request.Length} bytes; allowed is up to {SwitchLimits.MaxPayloadBytes} (MaxPayloadBytes)");
        }

        var payload = sealedPayloads ? SwitchPayload.Of(request) : new SwitchPayload(request);

        lock (gate)
        {
            if (closed)
            {
                throw new SwitchException(SwitchErrorKind.NotConnected, "this client of the switch was closed");
            }

            if (calls.Count >= SwitchLimits.MaxOutstandingCalls)
            {
                throw new SwitchException(SwitchErrorKind.TooMany,
                    $"{calls.Count} calls outstanding; allowed is up to {SwitchLimits.MaxOutstandingCalls} (MaxOutstandingCalls)");
            }

            var call = new Call(++lastCorrelation, queue, payload, Environment.TickCount64 + (long)deadline.TotalMilliseconds, retrySafe);
            calls.Add(call.Correlation, call);
            unsent.AddLast(call);
            SendUnsent();
            return call;
        }
    }

    private void SendUnsent()
    {
        while (session is { Congested: false } && unsent.First is { Value: var call })
        {
            unsent.RemoveFirst();
            call.SentOn = session;
            call.WasSent = true;
            var left = Math.Max(0, call.Due - Environment.TickCount64);
            session.Send(new Request(call.Queue, session.ReplyQueue, call.Correlation, left, call.Payload) { TraceContext = call.TraceContext });
        }
    }

    private sealed class Call(long correlation, string queue, SwitchPayload payload, long due, bool retrySafe)
    {
        internal long Correlation { get; } = correlation;

        internal string Queue { get; } = queue;

        internal SwitchPayload Payload { get; } = payload;

        internal long Due { get; } = due;

        internal bool RetrySafe { get; } = retrySafe;

        /// <summary>The activity that makes the call, if there is one and it has the W3C form.</summary>
        internal string TraceContext { get; } = Activity.Current is { IdFormat: ActivityIdFormat.W3C, Id: { } id } ? id : "";

        internal SwitchSession? SentOn { get; set; }

        internal bool WasSent { get; set; }

        internal TaskCompletionSource<SwitchPayload> Reply { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal void Succeed(SwitchPayload payload)
        {
            if (!Reply.TrySetResult(payload))
            {
                payload.Release();
            }
        }

        internal void Fail(SwitchException error) => Reply.TrySetException(error);
    }
}
