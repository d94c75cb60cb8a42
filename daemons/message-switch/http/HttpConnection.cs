using System.Buffers;
using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;
using Toolstack.Hosting.Switch.Wire;
using Toolstack.Interop.Linux;

namespace Toolstack.MessageSwitch.Http;

/// <summary>One connection that speaks HTTP/1.1: one request at a time, answered in order. Requests are read, and those that need not wait are
/// answered, by the thread of <see cref="LinkReactor"/>; a late answer is sent by whoever has it. While one is waited for the peer is still
/// listened to, so that its leaving ends the wait. Whatever is wrong ends this connection only.</summary>
internal sealed class HttpConnection : IReadinessTarget, IDisposable
{
    private readonly Socket socket;
    private readonly Func<HttpRequest, CancellationToken, ValueTask<HttpAnswer>> handle;
    private readonly CancellationTokenSource left = new();
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock gate = new();
    private readonly SendBuffer waiting = new();
    private readonly List<SafeFileHandle> unwanted = [];
    private readonly HttpDeadline deadline;
    private ArrayBufferWriter<byte> output = new(512);
    private byte[] buffer = new byte[HttpLimits.IdleBufferBytes];
    private int have;
    private Task late = Task.CompletedTask;
    private LinkEnd? end;
    private long key;
    private Readiness watching;
    private bool watched;
    private bool over;
    private bool answering;
    private bool held;
    private bool closing;
    private bool inputEnded;
    private bool continued;

    /// <param name="socket">The connection, taken over.</param>
    /// <param name="handle">Answers a request; called by the reactor's thread, so it must not block. Its token is cancelled when the peer leaves or
    /// the connection is ended.</param>
    internal HttpConnection(Socket socket, Func<HttpRequest, CancellationToken, ValueTask<HttpAnswer>> handle)
    {
        this.socket = socket;
        this.handle = handle;
        deadline = new HttpDeadline(what => Close(new LinkEnd(LinkEndReason.NotReading, what)));
    }

    /// <summary>Serves until the connection ends and says why; never raises.</summary>
    internal async Task<LinkEnd> RunAsync(CancellationToken stopping)
    {
        using var stop = stopping.UnsafeRegister(
            static connection => ((HttpConnection)connection!).Close(new(LinkEndReason.Stopped, "stopping")), this);
        try
        {
            Watch();
        }
        catch (Exception error) when (error is HypervisorError or ObjectDisposedException)
        {
            Close(LinkEnd.Of(error));
            End();
        }

        await ended.Task.ConfigureAwait(false);
        await late.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return end ?? new LinkEnd(LinkEndReason.PeerClosed, "closed by the peer");
    }

    public void Dispose()
    {
        socket.Dispose();
        deadline.Dispose();
        left.Dispose();
    }

    void IReadinessTarget.Ready(Readiness ready)
    {
        try
        {
            if ((ready & Readiness.Write) != 0)
            {
                SendWaiting();
            }

            if ((ready & ~Readiness.Write) == 0 || Receive(ready))
            {
                AnswerAll();
            }
            else
            {
                Close(new(LinkEndReason.PeerClosed, answering ? "closed by the peer while it waited" : "closed by the peer"));
                End();
            }
        }
        catch (Exception error) // the loop that owns the connection: classified, and the classification reported by RunAsync
        {
            Close(LinkEnd.Of(error));
            End();
        }
    }

    /// <summary>One turn of receiving: what one system call gives. False when the peer is gone.</summary>
    private bool Receive(Readiness ready)
    {
        var gone = (ready & (Readiness.HangUp | Readiness.Error)) != 0;
        lock (gate)
        {
            if (closing || inputEnded || (have == buffer.Length && (answering || waiting.Length > 0 || held)))
            {
                // Nothing more is wanted, or for now: the rest stays in the socket, and only its end is noticed.
                Rewatch();
                return !gone;
            }

            if (end is not null)
            {
                return false;
            }

            if (have == buffer.Length)
            {
                Array.Resize(ref buffer, buffer.Length * 2);
            }

            var count = UnixRights.TryReceive(socket, buffer.AsSpan(have), unwanted);
            have += count ?? 0;
            unwanted.ForEach(static descriptor => descriptor.Dispose());
            unwanted.Clear();
            inputEnded = count is 0;
            Rewatch();

            // One that only sends no more still reads what it asked for; one that closed does not.
            return !inputEnded || !gone;
        }
    }

    /// <summary>Answers the requests that are there whole, until one has to wait or others on this thread should have their turn.</summary>
    private void AnswerAll()
    {
        for (var answered = 0; Next(answered) is { } request; answered++)
        {
            var answer = handle(request, left.Token);
            if (answer.IsCompletedSuccessfully)
            {
                Finish(request, answer.Result);
            }
            else
            {
                late = FinishAsync(request, answer);
            }
        }
    }

    /// <summary>The next request if it is there whole and may be answered now.</summary>
    private HttpRequest? Next(int answered)
    {
        lock (gate)
        {
            held = false;
            if (over || closing || answering || waiting.Length > 0)
            {
                Rewatch();
                return null;
            }

            HttpRequest? request;
            bool continueWanted;
            try
            {
                request = HttpRequest.TryRead(buffer.AsMemory(0, have), out continueWanted);
            }
            catch (HttpException wrong)
            {
                end ??= new(LinkEndReason.Garbage, wrong.Message);
                Send(HttpAnswer.Failure(wrong.Status, wrong.Message), keepAlive: false);
                return null;
            }

            if (request is not null && answered == HttpLimits.MaxRequestsInTurn)
            {
                // A peer that has always another request ready must not keep the thread: the reactor comes back to it after the others.
                held = true;
                request = null;
            }
            else if (request is not null)
            {
                (answering, continued) = (true, false);
                deadline.Met();
            }
            else if (inputEnded)
            {
                closing = true;
                end ??= new(LinkEndReason.PeerClosed, have > 0 ? "closed by the peer within a request" : "closed by the peer");
                EndIfSent();
            }
            else if (have > 0)
            {
                if (continueWanted && !continued)
                {
                    continued = true;
                    Push("HTTP/1.1 100 Continue\r\n\r\n"u8);
                }

                deadline.Begin(HttpLimits.RequestDeadline, $"a request not whole within {HttpLimits.RequestDeadline.TotalSeconds} s (RequestDeadline)");
            }

            Rewatch();
            return request;
        }
    }

    private async Task FinishAsync(HttpRequest request, ValueTask<HttpAnswer> answer)
    {
        try
        {
            Finish(request, await answer.ConfigureAwait(false));
        }
        catch (Exception error) // the task that owns the answer: the connection ends with what went wrong
        {
            Close(LinkEnd.Of(error));
        }
    }

    private void Finish(HttpRequest request, HttpAnswer answer)
    {
        lock (gate)
        {
            if (over)
            {
                return;
            }

            answering = false;
            Forget(request.Length);

            // What came meanwhile is for the reactor, whose thread this may not be.
            held = have > 0 || inputEnded;
            Send(answer, request.KeepAlive);
            Rewatch();
        }
    }

    // Under the gate, as what follows.
    private void Send(HttpAnswer answer, bool keepAlive)
    {
        output.ResetWrittenCount();
        answer.Write(output, keepAlive);
        closing |= answer.Close || !keepAlive;
        Push(output.WrittenSpan);
        if (output.Capacity > HttpLimits.MaxHeadBytes)
        {
            output = new(512);
        }

        if (closing)
        {
            end ??= new(LinkEndReason.PeerClosed, "closed as agreed");
            EndIfSent();
        }
    }

    private void Push(ReadOnlySpan<byte> bytes)
    {
        var sent = waiting.Length == 0 ? UnixRights.TrySend(socket, bytes) : 0;
        if (sent < bytes.Length)
        {
            waiting.Add(bytes[sent..], null);
            deadline.Begin(HttpLimits.ResponseDeadline, $"a response not read within {HttpLimits.ResponseDeadline.TotalSeconds} s (ResponseDeadline)");
            Rewatch();
        }
    }

    private void SendWaiting()
    {
        lock (gate)
        {
            for (var sent = 1; sent > 0 && waiting.Length > 0;)
            {
                sent = UnixRights.TrySend(socket, waiting.Next(out _));
                waiting.Sent(sent);
            }

            if (waiting.Length == 0)
            {
                deadline.Met();
                EndIfSent();
            }

            Rewatch();
        }
    }

    private void EndIfSent()
    {
        if (closing && waiting.Length == 0)
        {
            ShutDown();
        }
    }

    /// <summary>Drops a request that was answered from the buffer.</summary>
    private void Forget(int length)
    {
        have -= length;
        if (have > 0)
        {
            buffer.AsSpan(length, have).CopyTo(buffer);
        }
        else if (buffer.Length > HttpLimits.IdleBufferBytes)
        {
            buffer = new byte[HttpLimits.IdleBufferBytes];
        }
    }

    /// <summary>Ends the connection; the first reason given is kept. The reactor notices, and ends it.</summary>
    private void Close(LinkEnd why)
    {
        Interlocked.CompareExchange(ref end, why, null);
        ShutDown();
    }

    private void ShutDown()
    {
        try
        {
            socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // It is already.
        }
    }

    private void Watch()
    {
        lock (gate)
        {
            // Held open until it is not watched any more, so that its number does not become another socket's.
            var added = false;
            socket.SafeHandle.DangerousAddRef(ref added);
            watched = true;
            watching = Wanted;
            key = LinkReactor.Add(socket.SafeHandle, this, watching);
        }
    }

    private void Rewatch()
    {
        if (watched && !over && Wanted != watching)
        {
            watching = Wanted;
            LinkReactor.Change(socket.SafeHandle, key, watching);
        }
    }

    // What is held is gone on with by the reactor, which is woken up by asking for room to send, of which there is some.
    private Readiness Wanted => (closing || inputEnded || (have == buffer.Length && (answering || waiting.Length > 0)) ? Readiness.None : Readiness.Read)
        | (waiting.Length > 0 || held ? Readiness.Write : Readiness.None);

    /// <summary>Nothing is received or sent any more, and nobody waits for an answer. By the reactor's thread.</summary>
    private void End()
    {
        lock (gate)
        {
            if (over)
            {
                return;
            }

            over = true;
            waiting.Clear();
            if (watched)
            {
                LinkReactor.Remove(socket.SafeHandle, key);
                socket.SafeHandle.DangerousRelease();
            }
        }

        left.Cancel();
        ended.TrySetResult();
    }
}
