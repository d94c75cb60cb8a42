using System.Net.Sockets;
using System.Text;

namespace Toolstack.EndToEnd.Pool;

/// <summary>The service manager's end of sd_notify for one daemon: a datagram socket on which it says READY=1.</summary>
internal sealed class NotifySocket : IDisposable
{
    private readonly Socket socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);

    internal NotifySocket(string path)
    {
        Path = path;
        File.Delete(path);
        socket.Bind(new UnixDomainSocketEndPoint(path));
    }

    internal string Path { get; }

    /// <summary>Throws away what an earlier process of the daemon may have left.</summary>
    internal void Drain()
    {
        var buffer = new byte[4096];
        while (socket.Available > 0)
        {
            socket.Receive(buffer);
        }
    }

    internal async Task WaitReadyAsync(CancellationToken cancellation)
    {
        var buffer = new byte[4096];
        while (true)
        {
            var length = await socket.ReceiveAsync(buffer, SocketFlags.None, cancellation);
            if (Encoding.UTF8.GetString(buffer, 0, length).Split('\n').Contains("READY=1"))
            {
                return;
            }
        }
    }

    public void Dispose()
    {
        socket.Dispose();
        File.Delete(Path);
    }
}
