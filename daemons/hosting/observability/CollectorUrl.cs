using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Toolstack.Hosting;

/// <summary>Where spans are sent: <c>http://host:port/path</c>, without TLS: the collector is an agent on this host or in its management
/// network. One connection for each export: an idle daemon keeps none.</summary>
internal sealed record CollectorUrl(string Text, string Host, int Port, string Path)
{
    private const int MaxStatusBytes = 4096;
    private const string DefaultPath = "/v1/traces";

    /// <summary>Null when it is none of that form. Without a path it is the one every collector has.</summary>
    internal static CollectorUrl? Parse(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme == Uri.UriSchemeHttp && url.UserInfo.Length == 0
            ? new CollectorUrl(text, url.IdnHost, url.Port, url.AbsolutePath == "/" ? DefaultPath : url.PathAndQuery)
            : null;

    /// <summary>Posts a JSON document. Raises <see cref="SocketException"/>; <see cref="IOException"/> when the answer is not a success.</summary>
    internal async Task PostAsync(ReadOnlyMemory<byte> body, CancellationToken cancel)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(Host, Port, cancel).ConfigureAwait(false);
        var head = string.Create(CultureInfo.InvariantCulture,
            $"POST {Path} HTTP/1.1\r\nHost: {UrlHost.Of(Host)}:{Port}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n");
        await SendAsync(socket, Encoding.ASCII.GetBytes(head), cancel).ConfigureAwait(false);
        await SendAsync(socket, body, cancel).ConfigureAwait(false);
        var status = await StatusAsync(socket, cancel).ConfigureAwait(false);
        if (!status.StartsWith("HTTP/1.", StringComparison.Ordinal) || status.AsSpan(8).Trim() is not ['2', ..])
        {
            throw new IOException($"the collector answered {status}");
        }
    }

    private static async Task SendAsync(Socket socket, ReadOnlyMemory<byte> bytes, CancellationToken cancel)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await socket.SendAsync(bytes, SocketFlags.None, cancel).ConfigureAwait(false)..];
        }
    }

    private static async Task<string> StatusAsync(Socket socket, CancellationToken cancel)
    {
        var buffer = new byte[MaxStatusBytes];
        var length = 0;
        while (length < buffer.Length && !buffer.AsSpan(0, length).Contains((byte)'\n'))
        {
            var count = await socket.ReceiveAsync(buffer.AsMemory(length), SocketFlags.None, cancel).ConfigureAwait(false);
            if (count == 0)
            {
                break;
            }

            length += count;
        }

        var text = Encoding.Latin1.GetString(buffer, 0, length);
        return text.Length == 0 ? "nothing" : text.Split('\r', '\n')[0];
    }
}
