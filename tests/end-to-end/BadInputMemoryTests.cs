using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Toolstack.EndToEnd.Client;
using Toolstack.EndToEnd.Pool;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>
/// Bodies as large as they may be, too large, cut short, never finished, and requests that never begin, many of each at once, at a real xapi. Its memory stays
/// below a bound that does not grow with their number, and whoever behaves is served meanwhile.
/// </summary>
public sealed class BadInputMemoryTests : IDisposable
{
    private const int Mib = 1 << 20;
    private const int Largest = 2 * Mib;
    private const int Large = 24;
    private const int Idle = 200;

    /// <summary>What the daemon may take beyond what it has at rest: two bodies of the largest size at a time, each several times over as bytes, texts and
    /// answer, and what every connection may hold. All bodies at once would be several times as much.</summary>
    private const long Bound = 192L * Mib;

    private readonly CancellationTokenSource deadline = new(TimeSpan.FromMinutes(5));

    private CancellationToken Cancel => deadline.Token;

    public void Dispose() => deadline.Dispose();

    [Fact]
    public async Task MemoryDoesNotGrowWithTheNumberOfBadRequests()
    {
        await using var pool = await DevelopmentPool.StartAsync(
            PoolFixture.Unique(new PoolOptions { Hosts = 1, XapiLines = [$"max-request-bytes = {Largest}"] }), Cancel);
        using var client = await pool.LoginAsync(Cancel);
        var server = new IPEndPoint(IPAddress.Parse(pool.Coordinator.Address), pool.Coordinator.Url.Port);
        await HugeAsync(server, 0, XmlEcho(Largest));
        var before = Peak(pool);
        List<Socket> idle = [];
        try
        {
            for (var number = 0; number < Idle; number++)
            {
                idle.Add(await OpenAsync(server, number % 2 == 0 ? "POST / HTTP/1.1\r\nHost: x\r\nContent-Le" : $"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {Largest}\r\n\r\n<methodCall>"));
            }

            var huge = Enumerable.Range(0, Large).Select(number => HugeAsync(server, number, number % 2 == 0 ? XmlEcho(Largest) : JsonOfValues(Largest)));
            var cut = Enumerable.Range(0, Large).Select(number => CutAsync(server, number));
            var beyond = Enumerable.Range(0, Large).Select(number => BeyondAsync(server, number));
            var all = Task.WhenAll(huge.Concat(cut).Concat(beyond));
            do
            {
                Assert.NotEmpty((object[])await client.CallAsync("host.get_all", Cancel));
            }
            while (await Task.WhenAny(all, Task.Delay(20, Cancel)) != all);
            await all;
        }
        finally
        {
            idle.ForEach(static socket => socket.Dispose());
        }

        var grown = Peak(pool) - before;
        TestContext.Current.TestOutputHelper?.WriteLine($"{before / Mib} MiB at its peak before, {grown / Mib} MiB more after");
        Assert.True(grown < Bound, $"{before / Mib} MiB at its peak before, {grown / Mib} MiB more after");
        Assert.NotEmpty((object[])await client.CallAsync("host.get_all", Cancel));
    }

    private static string XmlEcho(int size)
    {
        const string Head = "<methodCall><methodName>system.isAlive:x</methodName><params><param><value>";
        const string Tail = "</value></param></params></methodCall>";
        return Head + new string('x', size - Head.Length - Tail.Length) + Tail;
    }

    /// <summary>As many values as fit.</summary>
    private static string JsonOfValues(int size)
    {
        const string Head = "{\"method\":\"system.isAlive:x\",\"id\":1,\"params\":[[1";
        const string Tail = "]]}";
        return Head + string.Concat(Enumerable.Repeat(",1", (size - Head.Length - Tail.Length) / 2)) + Tail;
    }

    /// <summary>Sends it whole and reads the whole answer; a refusal for want of room is one too.</summary>
    private async Task HugeAsync(IPEndPoint server, int number, string body)
    {
        using var socket = await OpenAsync(
            server, $"POST {(body[0] == '{' ? "/jsonrpc" : "/")} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {body.Length}\r\n\r\n", number);
        await SendAsync(socket, Encoding.ASCII.GetBytes(body));
        Assert.StartsWith("HTTP/1.1 ", await ReadToEndAsync(socket), StringComparison.Ordinal);
    }

    /// <summary>Half of it, then nothing more.</summary>
    private async Task CutAsync(IPEndPoint server, int number)
    {
        using var socket = await OpenAsync(server, $"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {Largest}\r\n\r\n", number);
        await SendAsync(socket, new byte[Largest / 2]);
    }

    private async Task BeyondAsync(IPEndPoint server, int number)
    {
        using var socket = await OpenAsync(server, $"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {Largest + 1}\r\n\r\n", number);
        await SendAsync(socket, new byte[Mib]);
        Assert.DoesNotContain(" 200 ", await ReadToEndAsync(socket), StringComparison.Ordinal);
    }

    /// <summary>Each of a few addresses is a client of its own.</summary>
    private async Task<Socket> OpenAsync(IPEndPoint server, string head, int number = 0)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Parse($"127.77.0.{1 + number % 8}"), 0));
        await socket.ConnectAsync(server, Cancel);
        await socket.SendAsync(Encoding.ASCII.GetBytes(head), Cancel);
        return socket;
    }

    private async Task SendAsync(Socket socket, ReadOnlyMemory<byte> body)
    {
        try
        {
            while (!body.IsEmpty)
            {
                body = body[await socket.SendAsync(body, Cancel)..];
            }
        }
        catch (SocketException)
        {
            // Refused before all of it was sent.
        }
    }

    /// <summary>The beginning of what is answered, once all of it has come.</summary>
    private async Task<string> ReadToEndAsync(Socket socket)
    {
        var first = "";
        var buffer = new byte[64 * 1024];
        try
        {
            while (await socket.ReceiveAsync(buffer, Cancel) is > 0 and var read)
            {
                first = first.Length == 0 ? Encoding.ASCII.GetString(buffer, 0, Math.Min(read, 64)) : first;
            }
        }
        catch (SocketException)
        {
            // Cut off while it still sent.
        }

        return first.Length == 0 ? "HTTP/1.1 (cut off)" : first;
    }

    /// <summary>The most memory the daemon has had, in bytes.</summary>
    private static long Peak(DevelopmentPool pool) =>
        long.Parse(File.ReadLines($"/proc/{pool.Coordinator.Xapi.Pid}/status").First(static l => l.StartsWith("VmHWM:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
            CultureInfo.InvariantCulture) * 1024;
}
