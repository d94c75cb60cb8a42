using System.Net;
using System.Net.Sockets;
using System.Text;
using Toolstack.EndToEnd.Client;
using Toolstack.EndToEnd.Pool;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>A thousand clients that wait for events on one real xapi.</summary>
public sealed class EventWaitersTests : DeadlineTests
{
    private const int Waiters = 1000;

    /// <summary>The pool of threads may take a few more for a burst.</summary>
    private const int MoreThreads = 24;

    [Fact]
    public async Task AThousandWaitersCostNoThreadsAndAllSeeAChange()
    {
        await using var pool = await DevelopmentPool.StartAsync(PoolFixture.Unique(new PoolOptions { Hosts = 1 }), Cancel);
        using var client = await pool.LoginAsync(Cancel);
        var self = await client.TextAsync("network.create", Cancel, new Dictionary<string, object>
        {
            ["name_label"] = "asleep", ["name_description"] = "", ["MTU"] = "1500",
            ["other_config"] = new Dictionary<string, object>(), ["tags"] = Array.Empty<object>(),
        });
        var token = await client.TextAsync("event.inject", Cancel, "network", self);
        token = (string)((Dictionary<string, object>)await client.CallAsync("event.from", Cancel, new object[] { "network" }, token, 60.0))["token"];
        var before = Threads(pool);
        var server = new IPEndPoint(IPAddress.Parse(pool.Coordinator.Address), pool.Coordinator.Url.Port);
        List<Socket> sockets = [];
        try
        {
            var body = $$"""{"jsonrpc":"2.0","method":"event.from","params":["{{client.Session}}",["network"],"{{token}}",600],"id":1}""";
            var request = Encoding.ASCII.GetBytes($"POST /jsonrpc HTTP/1.1\r\nHost: x\r\nContent-Length: {body.Length}\r\n\r\n{body}");
            for (var number = 0; number < Waiters; number++)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                sockets.Add(socket);
                await socket.ConnectAsync(server, Cancel);
                await socket.SendAsync(request, Cancel);
            }

            // Calls of others are served meanwhile.
            Assert.Equal("asleep", await client.TextAsync("network.get_name_label", Cancel, self));
            var most = Threads(pool);
            Assert.DoesNotContain(sockets, static socket => socket.Available > 0);
            await client.CallAsync("network.set_name_label", Cancel, self, "woken");
            foreach (var socket in sockets)
            {
                Assert.Contains("\"name_label\":\"woken\"", await AnswerAsync(socket), StringComparison.Ordinal);
                most = Math.Max(most, Threads(pool));
            }

            Assert.True(most <= before + MoreThreads, $"{before} threads before, {most} with {Waiters} waiters");
        }
        finally
        {
            sockets.ForEach(static socket => socket.Dispose());
        }
    }

    private static int Threads(DevelopmentPool pool) => Directory.GetDirectories($"/proc/{pool.Coordinator.Xapi.Pid}/task").Length;

    private async Task<string> AnswerAsync(Socket socket)
    {
        var text = new StringBuilder();
        var buffer = new byte[16384];
        while (!text.ToString().EndsWith("\"id\":1}", StringComparison.Ordinal))
        {
            var read = await socket.ReceiveAsync(buffer, Cancel);
            Assert.NotEqual(0, read);
            text.Append(Encoding.UTF8.GetString(buffer, 0, read));
        }

        return text.ToString();
    }
}
