using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Toolstack.Interop.Linux;

namespace Toolstack.Xapi.Http.Transport;

/// <summary>A connection without TLS. What is read is handled, and what is answered is sent, by the thread that noticed it, see
/// <see cref="ConnectionThreads"/>.</summary>
internal sealed class SocketConnection : PipedConnection, IConnectionSocketFeature
{
    /// <summary>Room for one receive: the usual request and its head fit.</summary>
    private const int ReceiveBytes = 4096;

    /// <summary>A long answer is sent in few pieces.</summary>
    private static readonly PipeOptions LongPieces = Options(16 * 1024);

    private readonly SocketReadiness readiness;
    private readonly Socket socket;
    private List<ArraySegment<byte>>? pieces;

    internal SocketConnection(Socket socket, ConnectionThreads threads)
        : base(LongPieces)
    {
        this.socket = socket;
        socket.Blocking = false;
        if (socket.ProtocolType is ProtocolType.Tcp)
        {
            socket.NoDelay = true;
        }

        readiness = new SocketReadiness(threads, socket);
        LocalEndPoint = socket.LocalEndPoint;
        RemoteEndPoint = socket.RemoteEndPoint;
        Features.Set<IConnectionSocketFeature>(this);
        Start();
    }

    public Socket Socket => socket;

    /// <summary>Cuts the connection; the client is told by a reset. Not within the call, whose locks are not for those who hear of it to run under.</summary>
    public override void Abort(ConnectionAbortedException abortReason) =>
        ThreadPool.UnsafeQueueUserWorkItem(static connection => connection.Cut(), this, preferLocal: false);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    protected override async ValueTask<int> ReceiveAsync(PipeWriter writer)
    {
        // No room is taken before something comes.
        while (await readiness.ReadableAsync().ConfigureAwait(false))
        {
            int count = socket.Receive(writer.GetMemory(ReceiveBytes).Span, SocketFlags.None, out SocketError error);
            switch (error)
            {
                case SocketError.WouldBlock:
                    continue;
                case SocketError.Success:
                    writer.Advance(count);
                    return count;
                default:
                    return -1;
            }
        }

        return -1;
    }

    protected override async ValueTask<bool> SendAsync(ReadOnlySequence<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            int sent = Send(bytes, out SocketError error);
            if (error is SocketError.Success)
            {
                bytes = bytes.Slice(sent);
            }
            else if (error is not SocketError.WouldBlock || !await readiness.WritableAsync().ConfigureAwait(false))
            {
                return false;
            }
        }

        return true;
    }

    protected override ValueTask ShutdownAsync()
    {
        socket.Shutdown(SocketShutdown.Both);
        return ValueTask.CompletedTask;
    }

    protected override ValueTask CloseAsync()
    {
        readiness.Close();
        socket.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>A HypervisorError: the kernel has no room to watch it.</summary>
    protected override bool IsEnd(Exception error) => error is SocketException or ObjectDisposedException or HypervisorError;

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
        EndSending();
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
