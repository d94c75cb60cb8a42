using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Toolstack.Bench.Api;

/// <summary>One kept-alive connection to XenAPI that sends prepared requests and reads answers of stated length, or in chunks: as little client as there can
/// be, so that the server is what is measured.</summary>
internal sealed class ApiConnection : IDisposable
{
    private readonly Socket socket;
    private byte[] buffer = new byte[64 * 1024];

    private ApiConnection(Socket socket) => this.socket = socket;

    internal static async Task<ApiConnection> OpenAsync(EndPoint server, CancellationToken cancellation)
    {
        var socket = new Socket(server.AddressFamily, SocketType.Stream, server is IPEndPoint ? ProtocolType.Tcp : ProtocolType.Unspecified);
        if (server is IPEndPoint)
        {
            socket.NoDelay = true;
        }

        await socket.ConnectAsync(server, cancellation);
        return new ApiConnection(socket);
    }

    /// <summary>A request as it goes over the wire.</summary>
    internal static byte[] Request(string path, string body) =>
        Encoding.UTF8.GetBytes($"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}");

    internal static byte[] Json(string method, params object[] parameters) => Request("/jsonrpc",
        $"{{\"jsonrpc\":\"2.0\",\"method\":\"{method}\",\"params\":[{string.Join(',', parameters.Select(JsonOf))}],\"id\":1}}");

    internal static byte[] Xml(string method, params string[] parameters) => Request("/",
        $"<methodCall><methodName>{method}</methodName><params>{string.Concat(parameters.Select(p => $"<param><value>{p}</value></param>"))}</params></methodCall>");

    /// <summary>Sends a request and returns the body of the answer, valid until the next. Raises IOException when the connection ends.</summary>
    internal async Task<ReadOnlyMemory<byte>> ExchangeAsync(ReadOnlyMemory<byte> request, CancellationToken cancellation)
    {
        await socket.SendAsync(request, cancellation);
        var filled = 0;
        while (true)
        {
            var head = buffer.AsSpan(0, filled).IndexOf("\r\n\r\n"u8);
            if (head >= 0 && Encoding.ASCII.GetString(buffer, 0, head).Contains("\r\ntransfer-encoding: chunked", StringComparison.OrdinalIgnoreCase))
            {
                return await ChunksAsync(head + 4, filled, cancellation);
            }

            if (head >= 0)
            {
                var total = head + 4 + Length(buffer.AsSpan(0, head));
                if (buffer.Length < total)
                {
                    Array.Resize(ref buffer, total);
                }

                while (filled < total)
                {
                    filled += await ReceiveAsync(filled, cancellation);
                }

                return buffer.AsMemory(head + 4, total - head - 4);
            }

            filled += await ReceiveAsync(filled, cancellation);
        }
    }

    public void Dispose() => socket.Dispose();

    /// <summary>The chunks from <paramref name="at"/> on put together in place.</summary>
    private async Task<ReadOnlyMemory<byte>> ChunksAsync(int at, int filled, CancellationToken cancellation)
    {
        var start = at;
        var end = at;
        while (true)
        {
            int line;
            while ((line = buffer.AsSpan(at, filled - at).IndexOf("\r\n"u8)) < 0)
            {
                filled += await MoreAsync(filled, cancellation);
            }

            var size = int.Parse(Encoding.ASCII.GetString(buffer, at, line), System.Globalization.NumberStyles.HexNumber, System.Globalization.CultureInfo.InvariantCulture);
            at += line + 2;
            while (filled < at + size + 2)
            {
                filled += await MoreAsync(filled, cancellation);
            }

            if (size == 0)
            {
                return buffer.AsMemory(start, end - start);
            }

            buffer.AsSpan(at, size).CopyTo(buffer.AsSpan(end));
            end += size;
            at += size + 2;
        }
    }

    private ValueTask<int> MoreAsync(int filled, CancellationToken cancellation)
    {
        if (filled == buffer.Length)
        {
            Array.Resize(ref buffer, 2 * buffer.Length);
        }

        return ReceiveAsync(filled, cancellation);
    }

    private async ValueTask<int> ReceiveAsync(int at, CancellationToken cancellation)
    {
        var read = await socket.ReceiveAsync(buffer.AsMemory(at), cancellation);
        return read > 0 ? read : throw new IOException("the server closed the connection");
    }

    private static int Length(ReadOnlySpan<byte> head)
    {
        var text = Encoding.ASCII.GetString(head);
        var line = text.Split("\r\n").First(l => l.StartsWith("content-length:", StringComparison.OrdinalIgnoreCase));
        return int.Parse(line.AsSpan(line.IndexOf(':') + 1), System.Globalization.CultureInfo.InvariantCulture);
    }

    private static string JsonOf(object value) => value switch
    {
        string text => $"\"{text}\"",
        string[] texts => $"[{string.Join(',', texts.Select(t => $"\"{t}\""))}]",
        _ => Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture)!,
    };
}
