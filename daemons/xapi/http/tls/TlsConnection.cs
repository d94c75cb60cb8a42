using System.Buffers;
using System.IO.Pipelines;
using System.Net.Security;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Toolstack.Xapi.Http.Transport;

namespace Toolstack.Xapi.Http.Tls;

/// <summary>A connection whose handshake is done, and of which the first decrypted bytes are known.</summary>
internal sealed class TlsConnection : PipedConnection
{
    private const int ReceiveBytes = 4096;

    /// <summary>Room is taken while nothing comes: no more than one receive needs.</summary>
    private static readonly PipeOptions ShortPieces = Options(ReceiveBytes);

    private readonly SslStream stream;
    private ReadOnlyMemory<byte> first;

    internal TlsConnection(Socket socket, SslStream stream, ReadOnlyMemory<byte> first)
        : base(ShortPieces)
    {
        (this.stream, this.first) = (stream, first);
        socket.NoDelay = true;
        LocalEndPoint = socket.LocalEndPoint;
        RemoteEndPoint = socket.RemoteEndPoint;
        Start();
    }

    public override void Abort(ConnectionAbortedException abortReason) => stream.Close();

    protected override async ValueTask<int> ReceiveAsync(PipeWriter writer)
    {
        int count = first.Length;
        if (count > 0)
        {
            writer.Write(first.Span);
            first = default;
            return count;
        }

        count = await stream.ReadAsync(writer.GetMemory(ReceiveBytes)).ConfigureAwait(false);
        writer.Advance(count);
        return count;
    }

    protected override async ValueTask<bool> SendAsync(ReadOnlySequence<byte> bytes)
    {
        foreach (ReadOnlyMemory<byte> piece in bytes)
        {
            await stream.WriteAsync(piece).ConfigureAwait(false);
        }

        return true;
    }

    protected override async ValueTask ShutdownAsync() => await stream.ShutdownAsync().ConfigureAwait(false);

    protected override ValueTask CloseAsync() => stream.DisposeAsync();

    protected override bool IsEnd(Exception error) => error is IOException or ObjectDisposedException or InvalidOperationException;
}
