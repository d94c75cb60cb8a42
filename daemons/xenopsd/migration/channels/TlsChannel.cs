using System.Net.Security;
using System.Net.Sockets;

namespace Toolstack.Xenopsd.Migration.Channels;

/// <summary>An encrypted connection. Runs are handed to the cipher as they lie; what it makes of them is copied once more. The
/// connection stays its owner's.</summary>
public sealed class TlsChannel : ByteChannel
{
    private readonly SslStream _tls;
    private readonly Socket _socket;

    /// <param name="silence">Longest wait for the connection to take or give a byte.</param>
    public TlsChannel(SslStream tls, Socket socket, TimeSpan silence)
    {
        ArgumentNullException.ThrowIfNull(tls);
        _tls = tls;
        _socket = socket;
        int milliseconds = (int)Math.Min(silence.TotalMilliseconds, int.MaxValue);
        _tls.ReadTimeout = milliseconds;
        _tls.WriteTimeout = milliseconds;
    }

    public override void Write(ReadOnlySpan<byte> data)
    {
        _tls.Write(data);
        Bytes += data.Length;
    }

    public override int ReadSome(Span<byte> data)
    {
        int read = _tls.Read(data);
        Bytes += read;
        return read;
    }

    public override void FinishWriting() => _tls.Flush();

    public override void End() => SocketChannel.End(_socket);

    protected override void Dispose(bool disposing)
    {
        _tls.ReadTimeout = Timeout.Infinite;
        _tls.WriteTimeout = Timeout.Infinite;
    }
}
