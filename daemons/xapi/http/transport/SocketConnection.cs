using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Toolstack.Interop.Linux;

namespace Toolstack.Xapi.Http.Transport;

/// <summary>A connection without TLS as the HTTP server takes it: two pipes, and two loops that carry them over a socket. What is read is handled,
/// and what is answered is sent, by the thread that noticed it, see <see cref="ConnectionThreads"/>. Reading ahead tells when the client
/// leaves while its call still runs.</summary>
internal sealed class SocketConnection : DefaultConnectionContext, IDuplexPipe, IConnectionSocketFeature
{
    /// <summary>Room for one receive: the usual request and its head fit.</summary>
    private const int ReceiveBytes = 4096;

    /// <summary>A long answer is sent in few pieces.</summary>
    private const int SendBytes = 16 * 1024;

    /// <summary>The thread that fills a pipe goes on as its reader.</summary>
    private static readonly PipeOptions Options = new(
        readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.Inline, minimumSegmentSize: SendBytes,
        pauseWriterThreshold: HttpLimits.ReadAheadBytes, resumeWriterThreshold: HttpLimits.ReadAheadBytes / 2, useSynchronizationContext: false);

    private readonly Pipe input = new(Options);
    private readonly Pipe output = new(Options);
    private readonly WatchedReader incoming;
    private readonly CancellationTokenSource closed = new();
    private readonly SocketReadiness readiness;
    private readonly Socket socket;
    private readonly Task sending;
    private readonly Task receiving;
    private List<ArraySegment<byte>>? pieces;

    internal SocketConnection(Socket socket, ConnectionThreads threads)
    {
        this.socket = socket;
        socket.Blocking = false;
        if (socket.ProtocolType is ProtocolType.Tcp)
        {
            socket.NoDelay = true;
        }

        incoming = new WatchedReader(input.Reader);
        readiness = new SocketReadiness(threads, socket);
        LocalEndPoint = socket.LocalEndPoint;
        RemoteEndPoint = socket.RemoteEndPoint;
        ConnectionClosed = closed.Token;
        Transport = this;
        Features.Set<IConnectionSocketFeature>(this);
        receiving = ReceiveAsync();
        sending = SendAsync();
    }

    public Socket Socket => socket;

    PipeReader IDuplexPipe.Input => incoming;

    PipeWriter IDuplexPipe.Output => output.Writer;

    /// <summary>Cuts the connection; the client is told by a reset. Not within the call, whose locks are not for those who hear of it to run under.</summary>
    public override void Abort(ConnectionAbortedException abortReason) =>
        ThreadPool.UnsafeQueueUserWorkItem(static connection => connection.Cut(), this, preferLocal: false);

    private void Cut()
    {
        readiness.Close();
        try
        {
            socket.LingerState = new LingerOption(true, 0);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // It has ended already.
        }

        socket.Dispose();
        output.Reader.CancelPendingRead();
    }

    /// <summary>Sends what is left and closes. The server has completed both pipes by then.</summary>
    public override async ValueTask DisposeAsync()
    {
        await output.Writer.CompleteAsync().ConfigureAwait(false);
        try
        {
            await sending.WaitAsync(HttpLimits.CloseDeadline).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // A client that does not read what it asked for is cut off.
        }

        readiness.Close();
        socket.Dispose();
        await incoming.CompleteAsync().ConfigureAwait(false);
        await receiving.ConfigureAwait(false);
        await sending.ConfigureAwait(false);
        closed.Dispose();
        await base.DisposeAsync().ConfigureAwait(false);
    }

    private async Task ReceiveAsync()
    {
        PipeWriter writer = input.Writer;
        long received = 0;
        try
        {
            // No room is taken before something comes.
            while (await readiness.ReadableAsync().ConfigureAwait(false))
            {
                int count = socket.Receive(writer.GetMemory(ReceiveBytes).Span, SocketFlags.None, out SocketError error);
                if (error is SocketError.WouldBlock)
                {
                    continue;
                }

                if (count == 0)
                {
                    // A client that says that it ends is heard to the end; one that is gone is not.
                    await (error is SocketError.Success ? incoming.ExaminedAsync(received) : Task.CompletedTask).ConfigureAwait(false);
                    break;
                }

                received += count;
                writer.Advance(count);
                FlushResult flushed = await writer.FlushAsync().ConfigureAwait(false);
                if (flushed.IsCompleted)
                {
                    break;
                }
            }
        }
        catch (Exception error) when (error is ObjectDisposedException or HypervisorError)
        {
            // Cut off by this side, or the kernel has no room to watch it.
        }

        await writer.CompleteAsync().ConfigureAwait(false);
        await closed.CancelAsync().ConfigureAwait(false);
    }

    private async Task SendAsync()
    {
        PipeReader reader = output.Reader;
        try
        {
            while (true)
            {
                ReadResult result = await reader.ReadAsync().ConfigureAwait(false);
                if (result.IsCanceled || !await SendAsync(result.Buffer).ConfigureAwait(false))
                {
                    break;
                }

                reader.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted)
                {
                    socket.Shutdown(SocketShutdown.Both);
                    break;
                }
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException or HypervisorError)
        {
            // The client is gone, or was cut off by this side.
        }

        await reader.CompleteAsync().ConfigureAwait(false);
    }

    /// <summary>False when the client has gone.</summary>
    private async ValueTask<bool> SendAsync(ReadOnlySequence<byte> left)
    {
        while (!left.IsEmpty)
        {
            int sent = Send(left, out SocketError error);
            if (error is SocketError.Success)
            {
                left = left.Slice(sent);
            }
            else if (error is not SocketError.WouldBlock || !await readiness.WritableAsync().ConfigureAwait(false))
            {
                return false;
            }
        }

        return true;
    }

    private int Send(ReadOnlySequence<byte> bytes, out SocketError error)
    {
        if (bytes.IsSingleSegment)
        {
            return socket.Send(bytes.FirstSpan, SocketFlags.None, out error);
        }

        pieces ??= [];
        pieces.Clear();
        foreach (ReadOnlyMemory<byte> piece in bytes)
        {
            // The pipe's memory is that of arrays.
            _ = MemoryMarshal.TryGetArray(piece, out ArraySegment<byte> array);
            pieces.Add(array);
        }

        return socket.Send(pieces, SocketFlags.None, out error);
    }
}
