using System.Net;
using System.Net.Sockets;
using System.Text;
using Toolstack.EndToEnd.Client;
using Toolstack.EndToEnd.Pool;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>
/// One client that reads all it can, over many connections, on a real xapi. Calls that do not read wait for none of its reads, and another's read
/// for one of them only; so while such a call is answered, each of the hammering connections gets a few answers, not all it asks for. Counted
/// in answers, since how long anything takes is the machine's affair: what it comes to in time, make bench BENCH=api says.
/// </summary>
public sealed class FairnessTests : IDisposable
{
    private const int Hammers = 24;
    private const int Networks = 500;

    /// <summary>Answers to the hammering client in which each of its connections gets a few: the bound of what xapi does alone.</summary>
    private const int Short = 4 * Hammers;

    /// <summary>The bound of a login whose password is checked, and of what waits for the disk or another daemon, which take their time on a busy machine.</summary>
    private const int Login = 10 * Hammers;
    private const int Long = 40 * Hammers;

    private readonly CancellationTokenSource deadline = new(TimeSpan.FromMinutes(5));
    private volatile bool over;
    private int answers;

    private CancellationToken Cancel => deadline.Token;

    public void Dispose() => deadline.Dispose();

    [Fact]
    public async Task WhoHammersReadsDelaysNobody()
    {
        await using var pool = await DevelopmentPool.StartAsync(PoolFixture.Unique(new PoolOptions { Hosts = 1 }), Cancel);
        using var client = await pool.LoginAsync(Cancel);
        var vm = await TestVm.CreateAsync(client, "other", 16, 0, Cancel);
        await FillAsync(client);
        using var greedy = await pool.LoginAsync(Cancel);
        var server = new IPEndPoint(IPAddress.Parse(pool.Coordinator.Address), pool.Coordinator.Url.Port);
        var hammers = Enumerable.Range(0, Hammers).Select(_ => new Thread(() => Hammer(server, greedy.Session))).ToArray();
        try
        {
            Array.ForEach(hammers, static thread => thread.Start());
            await UntilAsync(2 * Hammers);
            await CountedAsync("session.login_with_password", Login, async () => (await pool.LoginAsync(Cancel)).Dispose());
            await CountedAsync("VM.get_record", Short, () => client.CallAsync("VM.get_record", Cancel, vm));
            await CountedAsync("VM.set_name_label", Long, () => client.CallAsync("VM.set_name_label", Cancel, vm, "renamed"));
            await CountedAsync("VM.start", Long, () => client.CallAsync("VM.start", Cancel, vm, false, false));
            await CountedAsync("VM.hard_shutdown", Long, () => client.CallAsync("VM.hard_shutdown", Cancel, vm));
        }
        finally
        {
            over = true;
            Array.ForEach(hammers, static thread => thread.Join());
        }

        await client.CallAsync("VM.destroy", Cancel, vm);
    }

    /// <summary>Fails when the hammering client gets more than <paramref name="most"/> answers while this is done.</summary>
    private async Task CountedAsync(string what, int most, Func<Task> call)
    {
        var before = Volatile.Read(ref answers);
        await call();
        var count = Volatile.Read(ref answers) - before;
        TestContext.Current.TestOutputHelper?.WriteLine($"{what}: {count} answers of others meanwhile, the bound is {most}");
        Assert.True(count <= most, $"{what} took as long as {count} answers to {Hammers} hammering connections; the bound is {most}");
    }

    private async Task UntilAsync(int count)
    {
        while (Volatile.Read(ref answers) < count)
        {
            await Task.Delay(10, Cancel);
        }
    }

    /// <summary>Rows that make a list of them long.</summary>
    private async Task FillAsync(XenApiClient client)
    {
        for (var number = 0; number < Networks; number++)
        {
            await client.CallAsync("network.create", Cancel, new Dictionary<string, object>
            {
                ["name_label"] = "n" + number, ["name_description"] = new string('d', 1000), ["MTU"] = "1500",
                ["other_config"] = new Dictionary<string, object>(), ["tags"] = Array.Empty<object>(),
            });
        }
    }

    /// <summary>A thread of its own, so that the tests' other work does not slow it down.</summary>
    private void Hammer(IPEndPoint server, string session)
    {
        var body = $$"""{"jsonrpc":"2.0","method":"network.get_all_records","params":["{{session}}"],"id":1}""";
        var request = Encoding.ASCII.GetBytes($"POST /jsonrpc HTTP/1.1\r\nHost: x\r\nContent-Length: {body.Length}\r\n\r\n{body}");
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 240_000 };
        try
        {
            socket.Connect(server);
            while (!over && Exchange(socket, request))
            {
                Interlocked.Increment(ref answers);
            }
        }
        catch (SocketException)
        {
            // Without it the test does not get the answers it counts.
        }
    }

    /// <summary>One request and its whole answer; false when the server has closed the connection.</summary>
    private static bool Exchange(Socket socket, byte[] request)
    {
        var buffer = new byte[256 * 1024];
        socket.Send(request);
        var end = "";
        do
        {
            var read = socket.Receive(buffer);
            if (read == 0)
            {
                return false;
            }

            end = (end + Encoding.ASCII.GetString(buffer, Math.Max(0, read - 16), Math.Min(read, 16)))[^Math.Min(16, end.Length + Math.Min(read, 16))..];
        }
        while (!end.EndsWith("\r\n0\r\n\r\n", StringComparison.Ordinal));
        return true;
    }
}
