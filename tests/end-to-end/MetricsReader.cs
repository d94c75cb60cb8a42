using System.Net.Sockets;
using System.Text;

namespace Toolstack.Tests.EndToEnd;

/// <summary>Reads a daemon's metrics as an agent of Prometheus would.</summary>
internal static class MetricsReader
{
    internal static async Task<string> ReadAsync(string path, CancellationToken cancel)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancel);
        await socket.SendAsync(Encoding.ASCII.GetBytes("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"), cancel);
        using var reader = new StreamReader(new NetworkStream(socket));
        return await reader.ReadToEndAsync(cancel);
    }
}
