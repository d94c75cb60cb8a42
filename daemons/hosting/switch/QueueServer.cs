using System.Text;
using Microsoft.Extensions.Logging;
using Toolstack.Hosting.Switch.Wire;
using Toolstack.Interop.Linux;

namespace Toolstack.Hosting.Switch;

/// <summary>One queue this client consumes: runs the handler for each delivery, replies, then acknowledges. It outlives sessions: a message
/// that comes again on a new session while its handler still runs is not started a second time, and the answer goes to the new session.
/// How many run at a time is the switch's to keep (the subscription's window).</summary>
internal sealed class QueueServer(
    string queue,
    Func<SwitchRequest, CancellationToken, ValueTask<ReadOnlyMemory<byte>>> handler,
    int concurrency,
    bool broadcast,
    ILogger logger,
    CancellationToken cancel)
{
    private readonly Lock gate = new();
    private readonly Dictionary<MessageId, Running> running = [];
    private readonly TaskCompletionSource stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool stopping;

    internal string Queue => queue;

    /// <summary>Completes when serving was cancelled and every handler ended; fails when the switch refuses the subscription.</summary>
    internal Task Stopped => stopped.Task;

    /// <summary>Creates the queue where it does not exist and subscribes. A connection that ends meanwhile is not an error: the next one tries again.</summary>
    internal async Task SubscribeAsync(SwitchSession session)
    {
        try
        {
            await session.CommandAsync(number => new CreateQueue(number, queue, Transient: false), cancel).ConfigureAwait(false);
            await session.CommandAsync(number => new Subscribe(number, queue, concurrency) { Broadcast = broadcast }, cancel).ConfigureAwait(false);
            Log.Serving(logger, queue);
        }
        catch (SwitchException error) when (error.Kind is not (SwitchErrorKind.Disconnected or SwitchErrorKind.DeadlineExpired))
        {
            Log.SubscriptionRefused(logger, queue, error);
            stopped.TrySetException(error);
        }
        catch (Exception error) when (error is SwitchException or OperationCanceledException)
        {
            Log.SubscriptionInterrupted(logger, queue, error.Message);
        }
    }

    internal void Accept(SwitchSession session, RequestDelivery delivery)
    {
        Running request;
        lock (gate)
        {
            if (running.TryGetValue(delivery.Id, out var known))
            {
                delivery.Payload.Release();
                known.Session = session;
                return;
            }

            if (stopping)
            {
                delivery.Payload.Release();
                session.Send(new Return(queue, delivery.Id));
                return;
            }

            request = new Running(delivery, session);
            running.Add(delivery.Id, request);
        }

        _ = Task.Run(() => RunAsync(request), CancellationToken.None);
    }

    /// <summary>The caller of a request cancelled it: its handler, if it still runs, is asked to end.</summary>
    internal void Cancelled(MessageId id)
    {
        Running? request;
        lock (gate)
        {
            running.TryGetValue(id, out request);
        }

        request?.CancelLater();
    }

    /// <summary>Takes no further deliveries and asks the handlers to end; <see cref="Stopped"/> completes after the last one.</summary>
    internal void Stop()
    {
        List<Running> unfinished;
        lock (gate)
        {
            stopping = true;
            unfinished = [.. running.Values];
            CompleteWhenIdle();
        }

        unfinished.ForEach(static request => request.CancelLater());
    }

    private async Task RunAsync(Running request)
    {
        var delivery = request.Delivery;
        Response? answer;
        using (var content = new Content(delivery.Payload))
        {
            answer = await AnswerAsync(request, content.Bytes).ConfigureAwait(false);

            // Sent before the request's memory goes: an answer may be a piece of it.
            Finish(request, answer);
        }

        answer?.Payload.Release();
    }

    private async Task<Response?> AnswerAsync(Running request, ReadOnlyMemory<byte> content)
    {
        var delivery = request.Delivery;
        try
        {
            var input = new SwitchRequest(queue, content, delivery.Redelivered, TimeSpan.FromMilliseconds(delivery.DeadlineMs))
            {
                TraceContext = delivery.TraceContext,
            };
            return Answer(delivery, await handler(input, request.Token).ConfigureAwait(false));
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // Not served: another consumer, or this one after its restart, gets it.
            return null;
        }
        catch (OperationCanceledException) when (request.Token.IsCancellationRequested)
        {
            return Failure(delivery, SwitchErrorKind.Cancelled, "the caller cancelled the request");
        }
        catch (Exception error) // the loop that owns the handler's task: the caller is told, the log says what
        {
            Log.HandlerFailed(logger, queue, error);
            return Failure(delivery, SwitchErrorKind.HandlerFailed, error.Message);
        }
    }

    private void Finish(Running request, Response? answer)
    {
        var delivery = request.Delivery;
        lock (gate)
        {
            running.Remove(delivery.Id);
            if (answer is null)
            {
                request.Session.Send(new Return(queue, delivery.Id));
            }
            else if (delivery.ReplyTo.Length > 0)
            {
                // The reply first: a crash in between runs the request again instead of losing it.
                request.Session.Send(answer, new Acknowledge(queue, delivery.Id));
            }
            else
            {
                request.Session.Send(new Acknowledge(queue, delivery.Id));
            }

            CompleteWhenIdle();
        }
    }

    private static Response Answer(RequestDelivery delivery, ReadOnlyMemory<byte> result) =>
        result.Length <= SwitchLimits.MaxPayloadBytes
            ? new Response(delivery.ReplyTo, delivery.Correlation, null, SwitchPayload.Of(result))
            : Failure(delivery, SwitchErrorKind.PayloadTooLarge,
                $"a response of {result.Length} bytes; allowed is up to {SwitchLimits.MaxPayloadBytes} (MaxPayloadBytes)");

    private static Response Failure(RequestDelivery delivery, SwitchErrorKind kind, string text) =>
        new(delivery.ReplyTo, delivery.Correlation, kind, new SwitchPayload(Encoding.UTF8.GetBytes(text)));

    private void CompleteWhenIdle()
    {
        if (stopping && running.Count == 0)
        {
            stopped.TrySetResult();
        }
    }

    /// <summary>A request whose handler runs, and the source of the handler's token (which needs no disposal: it has no timer).</summary>
    private sealed class Running(RequestDelivery delivery, SwitchSession session) : CancellationTokenSource
    {
        internal RequestDelivery Delivery { get; } = delivery;

        /// <summary>The newest session the message was delivered on.</summary>
        internal SwitchSession Session { get; set; } = session;

        // On a thread of the pool: what a handler registered runs there, not where frames are received.
        internal void CancelLater() => ThreadPool.UnsafeQueueUserWorkItem(static request => request.Cancel(), this, preferLocal: false);
    }

    /// <summary>The bytes of a request for as long as its handler runs: sealed memory is mapped, not copied.</summary>
    private readonly struct Content(SwitchPayload payload) : IDisposable
    {
        private readonly SealedMapping? mapping = payload.Sealed?.Map();

        internal ReadOnlyMemory<byte> Bytes => mapping?.Memory ?? payload.Bytes;

        public void Dispose() => ((IDisposable?)mapping)?.Dispose();
    }
}
