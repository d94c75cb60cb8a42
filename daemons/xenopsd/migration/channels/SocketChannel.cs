using System.Net.Sockets;
using Toolstack.Interop.Linux;

namespace Toolstack.Xenopsd.Migration.Channels;

/// <summary>A connected stream socket, without any copy between the runs and the kernel. The socket stays its owner's; it is in
/// blocking mode until the channel is disposed.</summary>
public sealed class SocketChannel(Socket socket, TimeSpan silence) : IDataChannel
{
    private readonly VectoredIo _io = new(socket, silence);

    public long Bytes => _io.Bytes;

    public long WireBytes => _io.Bytes;

    public void Write(Span<IoVector> runs) => _io.Write(runs);

    public void Write(ReadOnlySpan<byte> data) => _io.Write(data);

    public void Read(Span<IoVector> runs) => _io.Read(runs);

    public void Read(Span<byte> data) => _io.Read(data);

    public int ReadSome(Span<byte> data) => _io.ReadSome(data);

    public void FinishWriting()
    {
        // Nothing is held back.
    }

    public void FinishReading()
    {
        // A socket has no framing of its own.
    }

    public void End() => End(socket);

    public void Dispose() => _io.Dispose();

    /// <summary>Ends both directions of a connection; harmless when the peer was quicker.</summary>
    internal static void End(Socket socket)
    {
        try
        {
            socket.Shutdown(SocketShutdown.Both);
        }
        catch (SocketException)
        {
            // Not connected any more: what this call is for has happened.
        }
        catch (ObjectDisposedException)
        {
            // The transfer is over and its owner closed the socket.
        }
    }
}
