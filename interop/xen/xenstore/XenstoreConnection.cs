using System.Text;

namespace Toolstack.Interop.Xen.Xenstore;

/// <summary>
/// One connection to a xenstore server until it is lost: requests go out in the order of the calls, any number up to the bound without
/// an answer; one reader gives answers to their requests by id and watch events to <c>events</c>, and never waits for either.
/// </summary>
internal sealed class XenstoreConnection : IDisposable
{
    private readonly record struct Request(XenstoreReply Reply, XenstoreOperation Operation, string Path, long SentAt);

    private readonly Lock gate = new();
    private readonly Dictionary<uint, Request> inFlight = [];
    private readonly SemaphoreSlim permits;
    private readonly XenstoreLink link;
    private readonly Action<string, string> events;
    private readonly TimeSpan deadline;
    private readonly Timer overdue;
    private bool overdueArmed;
    private uint lastId;
    private int collecting;
    private XenstoreError? lost;

    internal XenstoreConnection(Stream stream, XenstoreClientOptions options, Action<string, string> events)
    {
        this.events = events;
        deadline = options.RequestDeadline;
        permits = new SemaphoreSlim(options.MaxInFlight);
        link = new XenstoreLink(stream, XenstoreLimits.MaxReplyPayload, int.MaxValue, deadline);
        overdue = new Timer(static state => ((XenstoreConnection)state!).FailOverdue(), this, Timeout.Infinite, Timeout.Infinite);
    }

    /// <summary>Reads until the connection is lost; then every request without an answer fails. Returns the loss.</summary>
    internal async Task<XenstoreError> RunAsync()
    {
        var cause = await link.ReceiveAsync(Receive).ConfigureAwait(false);
        var error = new XenstoreError(null, "", XenstoreErrorName.ECONNRESET, cause);
        List<Request> left;
        lock (gate)
        {
            lost = error;
            left = [.. inFlight.Values];
            inFlight.Clear();
        }

        foreach (var request in left)
        {
            request.Reply.Fail(new XenstoreError(request.Operation, request.Path, XenstoreErrorName.ECONNRESET, cause));
            permits.Release();
        }

        return error;
    }

    /// <summary>Sends one request and waits for its answer. Cancellation leaves the request on its way. <paramref name="late"/> gets
    /// a success that comes after that.</summary>
    internal async Task<(byte[] Payload, XenstoreError? Error)> CallAsync(
        XenstoreOperation operation,
        uint transaction,
        string path,
        string[] words,
        ReadOnlyMemory<byte> tail,
        Action<byte[]>? late,
        CancellationToken cancel)
    {
        CheckSize(operation, path, words, tail.Length);
        if (!permits.Wait(0, CancellationToken.None))
        {
            link.Flush();
            await permits.WaitAsync(cancel).ConfigureAwait(false);
        }

        var answer = new XenstoreAnswer(late);
        Send(answer, operation, transaction, path, words, tail.Span);
        if (Volatile.Read(ref collecting) == 0)
        {
            link.Flush();
        }

        if (!cancel.CanBeCanceled)
        {
            return await answer.Task.ConfigureAwait(false);
        }

        using var registration = cancel.UnsafeRegister(static (state, token) => ((XenstoreAnswer)state!).Abandon(token), answer);
        return await answer.Task.ConfigureAwait(false);
    }

    /// <summary>Sends one request whose answer goes to <paramref name="reply"/>; false when too many are on their way.</summary>
    internal bool TryPost(
        XenstoreReply reply, XenstoreOperation operation, uint transaction, string path, ReadOnlySpan<string> words, ReadOnlySpan<byte> tail)
    {
        CheckSize(operation, path, words, tail.Length);
        if (!permits.Wait(0, CancellationToken.None))
        {
            return false;
        }

        Send(reply, operation, transaction, path, words, tail);
        if (link.Unsent >= XenstoreLimits.FlushBytes)
        {
            link.Flush();
        }

        return true;
    }

    /// <summary>Waits until <see cref="TryPost"/> may succeed.</summary>
    internal async Task RoomAsync(CancellationToken cancel)
    {
        link.Flush();
        await permits.WaitAsync(cancel).ConfigureAwait(false);
        permits.Release();
    }

    internal void Flush() => link.Flush();

    /// <summary>Until the result is disposed, requests of <see cref="CallAsync"/> wait for each other, whoever makes them.</summary>
    internal IDisposable Collect()
    {
        Interlocked.Increment(ref collecting);
        return new Collection(this);
    }

    public void Dispose()
    {
        link.Dispose();
        overdue.Dispose();
    }

    /// <summary>Refuses what the protocol cannot carry before it is sent: one server cuts the connection for it.</summary>
    private static void CheckSize(XenstoreOperation operation, string path, ReadOnlySpan<string> words, int tail)
    {
        if (XenstoreBuffer.PayloadBytes(words) + tail > XenstoreLimits.MaxRequestPayload)
        {
            throw new XenstoreError(operation, path, XenstoreErrorName.E2BIG);
        }
    }

    private void Send(
        XenstoreReply reply, XenstoreOperation operation, uint transaction, string path, ReadOnlySpan<string> words, ReadOnlySpan<byte> tail)
    {
        XenstoreError? failed;
        lock (gate)
        {
            failed = lost;
            if (failed is null)
            {
                while (!inFlight.TryAdd(++lastId, new Request(reply, operation, path, Environment.TickCount64)))
                {
                    // An id that went round meets one that is still on its way.
                }

                link.Post(operation, lastId, transaction, words, tail);
                if (!overdueArmed)
                {
                    overdueArmed = true;
                    overdue.Change(deadline, Timeout.InfiniteTimeSpan);
                }
            }
        }

        if (failed is not null)
        {
            permits.Release();
            reply.Fail(new XenstoreError(operation, path, XenstoreErrorName.ECONNRESET, failed));
        }
    }

    private void Receive(XenstoreHeader header, ReadOnlySpan<byte> payload)
    {
        if (header.Operation == XenstoreOperation.WatchEvent)
        {
            var path = XenstoreWords.Next(header.Operation, ref payload);
            events(XenstoreWords.Next(header.Operation, ref payload), path);
            return;
        }

        Request request;
        lock (gate)
        {
            if (!inFlight.Remove(header.RequestId, out request))
            {
                throw new XenstoreFormatException($"{header.Operation} answers request {header.RequestId}, which was not made");
            }
        }

        if (header.Operation == XenstoreOperation.Error)
        {
            var name = Encoding.UTF8.GetString(payload.TrimEnd((byte)0));
            request.Reply.Fail(new XenstoreError(request.Operation, request.Path, name));
        }
        else if (header.Operation == request.Operation)
        {
            request.Reply.Succeed(payload);
        }
        else
        {
            permits.Release();
            request.Reply.Fail(new XenstoreError(request.Operation, request.Path, XenstoreErrorName.ECONNRESET));
            throw new XenstoreFormatException($"{header.Operation} answers request {header.RequestId}, which is {request.Operation}");
        }

        permits.Release();
    }

    private sealed class Collection(XenstoreConnection connection) : IDisposable
    {
        public void Dispose()
        {
            if (Interlocked.Decrement(ref connection.collecting) == 0)
            {
                connection.link.Flush();
            }
        }
    }

    /// <summary>A request beyond its deadline fails, and keeps its place: the server may still answer it.</summary>
    private void FailOverdue()
    {
        List<Request> late = [];
        lock (gate)
        {
            var now = Environment.TickCount64;
            var oldest = long.MaxValue;
            foreach (var request in inFlight.Values)
            {
                if (now - request.SentAt >= deadline.TotalMilliseconds)
                {
                    late.Add(request);
                }
                else
                {
                    oldest = Math.Min(oldest, request.SentAt);
                }
            }

            overdueArmed = oldest < long.MaxValue;
            if (overdueArmed)
            {
                overdue.Change(Math.Max(1, oldest + (long)deadline.TotalMilliseconds - now), Timeout.Infinite);
            }
        }

        foreach (var request in late)
        {
            request.Reply.Fail(new XenstoreError(request.Operation, request.Path, XenstoreErrorName.ETIMEDOUT));
        }
    }
}
