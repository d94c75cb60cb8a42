using System.Net.Sockets;
using System.Text;

namespace Toolstack.Bench.Loads;

/// <summary>A caller of the original switch protocol with its two connections, as its libraries are: a request on one, its reply and the
/// acknowledgement on the other.</summary>
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

    internal async Task LoginAsync()
    {
        await AskAsync(requests, "GET /login/bench HTTP/1.1\r\n\r\n");
        await AskAsync(events, "GET /login/bench HTTP/1.1\r\n\r\n");
        await AskAsync(requests, "GET /transient/bench HTTP/1.1\r\n\r\n");
    }

    internal async Task CallAsync(string queue, string payload)
    {
        await AskAsync(requests, $"POST /request/{queue}/bench HTTP/1.1\r\ncontent-length: {payload.Length}\r\n\r\n{payload}");
        var transfer = $"{{\"from\":\"{cursor}\",\"timeout\":30.0,\"queues\":[\"bench\"]}}";
        var reply = await AskAsync(events, $"POST /transfer HTTP/1.1\r\ncontent-length: {transfer.Length}\r\n\r\n{transfer}");
        var next = reply.LastIndexOf("\"next\":\"", StringComparison.Ordinal) + 8;
        cursor = reply[next..reply.IndexOf('"', next)];
        await AskAsync(events, $"GET /ack/bench/{cursor} HTTP/1.1\r\n\r\n");
    }

    public void Dispose()
    {
        requests.Dispose();
        events.Dispose();
    }

    private async Task<string> AskAsync(Socket socket, string request)
    {
        await socket.SendAsync(Encoding.ASCII.GetBytes(request));
        for (var have = 0; ;)
        {
            have += await socket.ReceiveAsync(buffer.AsMemory(have));
            var text = Encoding.ASCII.GetString(buffer, 0, have);
            var head = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (head > 0 && have >= head + 4 + int.Parse(text.Split("content-length: ", 2)[1].Split('\r')[0], null))
            {
                return text;
            }
        }
    }
}
