using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Toolstack.SwitchCli;

/// <summary>One connection of the original switch protocol, for what only that one tells.</summary>
internal sealed class SwitchHttp : IDisposable
{
    private const int MaxResponseBytes = 64 * 1024 * 1024;

    private readonly Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    /// <summary>Raises <see cref="SocketException"/>.</summary>
    internal static async Task<SwitchHttp> ConnectAsync(string path, CancellationToken cancel)
    {
        var http = new SwitchHttp();
        try
        {
            await http.socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancel);
            return http;
        }
        catch
        {
            http.Dispose();
            throw;
        }
    }

    /// <summary>The body of the response. Raises <see cref="IOException"/> for any but a good one.</summary>
    internal async Task<byte[]> AskAsync(string method, string path, CancellationToken cancel)
    {
        await socket.SendAsync(Encoding.ASCII.GetBytes($"{method} {path} HTTP/1.1\r\ncontent-length: 0\r\n\r\n"), cancel);
        var buffer = new byte[64 * 1024];
        for (var have = 0; have < MaxResponseBytes;)
        {
            var count = await socket.ReceiveAsync(buffer.AsMemory(have), cancel);
            have += count > 0 ? count : throw new IOException("the switch closed the connection");
            if (Body(buffer.AsSpan(0, have)) is { } body)
            {
                return body;
            }

            if (have == buffer.Length)
            {
                Array.Resize(ref buffer, have * 2);
            }
        }

        throw new IOException($"a response of more than {MaxResponseBytes} bytes");
    }

    public void Dispose() => socket.Dispose();

    /// <summary>The body when it is whole, else null.</summary>
    private static byte[]? Body(ReadOnlySpan<byte> response)
    {
        var end = response.IndexOf("\r\n\r\n"u8);
        if (end < 0)
        {
            return null;
        }

        var head = Encoding.ASCII.GetString(response[..end]).Split("\r\n");
        var length = head.First(field => field.StartsWith("content-length:", StringComparison.OrdinalIgnoreCase))["content-length:".Length..];
        var body = response[(end + 4)..];
        if (body.Length < int.Parse(length, NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture))
        {
            return null;
        }

        return head[0].StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal)
            ? body.ToArray()
            : throw new IOException($"the switch answers: {Encoding.UTF8.GetString(body)}");
    }
}
