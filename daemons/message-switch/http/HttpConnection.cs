using System.Buffers;
using System.Net.Sockets;
using Toolstack.Hosting.Switch.Wire;

namespace Toolstack.MessageSwitch.Http;

/// <summary>One connection that speaks HTTP/1.1: one request at a time, answered in order. While an answer is being waited for the peer is
/// still listened to, so that its leaving ends the wait. Whatever is wrong ends this connection only.</summary>
internal sealed class HttpConnection(Socket socket, Func<HttpRequest, CancellationToken, ValueTask<HttpAnswer>> handle)
{
    private static readonly byte[] Continue = "HTTP/1.1 100 Continue\r\n\r\n"u8.ToArray();

    private readonly byte[] look = new byte[1];
    private ArrayBufferWriter<byte> output = new(512);
    private byte[] buffer = new byte[HttpLimits.IdleBufferBytes];
    private int have;
    private Task<int>? looking;

    /// <summary>Called when the peer left while its request waits.</summary>
    internal Action Left { get; init; } = static () => { };

    /// <summary>Serves until the connection ends and says why; never raises.</summary>
    internal async Task<LinkEnd> RunAsync(CancellationToken stopping)
    {
        try
        {
            return await ServeAsync(stopping).ConfigureAwait(false);
        }
        catch (Exception error) // the loop that owns the connection: classified here, logged by who started it
        {
            return error switch
            {
                SocketException { SocketErrorCode: SocketError.ConnectionReset or SocketError.Shutdown or SocketError.ConnectionAborted } =>
                    new(LinkEndReason.PeerReset, error.Message, error),
                OperationCanceledException when stopping.IsCancellationRequested => new(LinkEndReason.Stopped, "stopping"),
                TimeoutException => new(LinkEndReason.NotReading, error.Message, error),
                _ => new(LinkEndReason.Failed, error.Message, error),
            };
        }
        finally
        {
            socket.Dispose();
            if (looking is not null)
            {
                // Ends with the socket; its outcome is of no interest then.
                await ((Task)looking).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task<LinkEnd> ServeAsync(CancellationToken stopping)
    {
        var (continued, inTurn) = (false, 0);
        while (true)
        {
            HttpRequest? request;
            int length;
            bool continueWanted;
            try
            {
                request = HttpRequest.TryRead(buffer.AsMemory(0, have), out length, out continueWanted);
            }
            catch (HttpException wrong)
            {
                await SendAsync(HttpAnswer.Failure(wrong.Status, wrong.Message), keepAlive: false, stopping).ConfigureAwait(false);
                return new(LinkEndReason.Garbage, wrong.Message);
            }

            if (request is null)
            {
                if (continueWanted && !continued)
                {
                    await SendAsync(Continue, stopping).ConfigureAwait(false);
                    continued = true;
                }

                if (!await MoreAsync(stopping).ConfigureAwait(false))
                {
                    return new(LinkEndReason.PeerClosed, have == 0 ? "closed by the peer" : "closed by the peer within a request");
                }

                continue;
            }

            continued = false;
            if (await AnswerAsync(request, stopping).ConfigureAwait(false) is not { } answer)
            {
                return new(LinkEndReason.PeerClosed, "closed by the peer while it waited");
            }

            Forget(length);
            await SendAsync(answer, request.KeepAlive, stopping).ConfigureAwait(false);
            if (++inTurn == HttpLimits.MaxRequestsInTurn)
            {
                // A peer that has always another request ready must not keep the thread that notices what others sent.
                inTurn = 0;
                await Task.Yield();
            }

            if (answer.Close || !request.KeepAlive)
            {
                return new(LinkEndReason.PeerClosed, "closed as agreed");
            }
        }
    }

    /// <summary>The answer, or null when the peer left before there was one.</summary>
    private async Task<HttpAnswer?> AnswerAsync(HttpRequest request, CancellationToken stopping)
    {
        var answering = handle(request, stopping);
        if (answering.IsCompleted)
        {
            return await answering.ConfigureAwait(false);
        }

        return await AnswerLaterAsync(answering.AsTask(), stopping).ConfigureAwait(false);
    }

    private async Task<HttpAnswer?> AnswerLaterAsync(Task<HttpAnswer> answering, CancellationToken stopping)
    {
        // Only looks: what the peer sends meanwhile (it should not) stays where it is until this request is answered.
        looking ??= socket.ReceiveAsync(look, SocketFlags.Peek, stopping).AsTask();
        if (await Task.WhenAny(answering, looking).ConfigureAwait(false) == looking && await looking.ConfigureAwait(false) == 0)
        {
            Left();
            await ((Task)answering).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return null;
        }

        return await answering.ConfigureAwait(false);
    }

    /// <summary>Receives more of a request; false when the peer closed. A request that began must come whole within its deadline.</summary>
    private async ValueTask<bool> MoreAsync(CancellationToken stopping)
    {
        if (looking is not null)
        {
            var seen = await InTimeAsync(looking, stopping).ConfigureAwait(false);
            looking = null;
            if (seen == 0)
            {
                return false;
            }
        }

        if (have == buffer.Length)
        {
            Array.Resize(ref buffer, buffer.Length * 2);
        }

        var receiving = socket.ReceiveAsync(buffer.AsMemory(have), SocketFlags.None, stopping);
        var count = receiving.IsCompleted || have == 0
            ? await receiving.ConfigureAwait(false)
            : await InTimeAsync(receiving.AsTask(), stopping).ConfigureAwait(false);
        have += count;
        return count > 0;
    }

    private Task<int> InTimeAsync(Task<int> receiving, CancellationToken stopping) =>
        have == 0 || receiving.IsCompleted ? receiving : receiving.WaitAsync(HttpLimits.RequestDeadline, stopping);

    private ValueTask SendAsync(HttpAnswer answer, bool keepAlive, CancellationToken stopping)
    {
        output.ResetWrittenCount();
        answer.Write(output, keepAlive);
        return SendAsync(output.WrittenMemory, stopping);
    }

    private async ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken stopping)
    {
        while (!bytes.IsEmpty)
        {
            var sending = socket.SendAsync(bytes, SocketFlags.None, stopping);
            var count = sending.IsCompleted
                ? await sending.ConfigureAwait(false)
                : await sending.AsTask().WaitAsync(HttpLimits.ResponseDeadline, stopping).ConfigureAwait(false);
            bytes = bytes[count..];
        }

        if (output.Capacity > HttpLimits.MaxHeadBytes)
        {
            output = new(512);
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
}
