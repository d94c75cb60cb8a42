using System.Buffers.Text;
using System.Net.Sockets;
using System.Text;

namespace Toolstack.Bench.Loads;

/// <summary>A caller of the original switch protocol with its two connections, as its libraries are: a request on one, its reply and the
/// acknowledgement on the other, and its thread blocked in the kernel meanwhile.</summary>
internal sealed class CompatCaller : IDisposable
{
    private readonly Socket requests = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly Socket events = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly byte[] buffer = new byte[64 * 1024];
    private string cursor = "-1";

    internal CompatCaller(string path)
    {
        requests.Connect(new UnixDomainSocketEndPoint(path));
        events.Connect(new UnixDomainSocketEndPoint(path));
    }

    internal void Login()
    {
        Ask(requests, "GET /login/bench HTTP/1.1\r\n\r\n");
        Ask(events, "GET /login/bench HTTP/1.1\r\n\r\n");
        Ask(requests, "GET /transient/bench HTTP/1.1\r\n\r\n");
    }

    internal Task CallAsync(string queue, string payload)
    {
        Ask(requests, $"POST /request/{queue}/bench HTTP/1.1\r\ncontent-length: {payload.Length}\r\n\r\n{payload}");
        var transfer = $"{{\"from\":\"{cursor}\",\"timeout\":30.0,\"queues\":[\"bench\"]}}";
        var reply = Ask(events, $"POST /transfer HTTP/1.1\r\ncontent-length: {transfer.Length}\r\n\r\n{transfer}");
        var next = reply.LastIndexOf("\"next\":\"", StringComparison.Ordinal) + 8;
        cursor = reply[next..reply.IndexOf('"', next)];
        Ask(events, $"GET /ack/bench/{cursor} HTTP/1.1\r\n\r\n");
        return Task.CompletedTask;
    }

    public void Dispose()
    {
        requests.Dispose();
        events.Dispose();
    }

    private string Ask(Socket socket, string request)
    {
        socket.Send(Encoding.ASCII.GetBytes(request));
        for (var have = 0; ;)
        {
            have += socket.Receive(buffer.AsSpan(have));
            var head = buffer.AsSpan(0, have).IndexOf("\r\n\r\n"u8);
            if (head > 0 && have >= head + 4 + Length(buffer.AsSpan(0, head)))
            {
                return Encoding.ASCII.GetString(buffer, 0, have);
            }
        }
    }

    private static int Length(ReadOnlySpan<byte> head)
    {
        ReadOnlySpan<byte> name = "content-length: "u8;
        return Utf8Parser.TryParse(head[(head.IndexOf(name) + name.Length)..], out int length, out _)
            ? length
            : throw new InvalidOperationException("a response without its length");
    }
}
