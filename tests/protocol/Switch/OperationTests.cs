using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Toolstack.Hosting;
using Toolstack.Hosting.Switch;
using Toolstack.MessageSwitch;
using Xunit;
using static Toolstack.Tests.Switch.SwitchFixture;

namespace Toolstack.Tests.Switch;

/// <summary>What operators see: metrics, trace contexts; and that nobody who misbehaves is felt by others.</summary>
public sealed class OperationTests : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("switch-op");

    [Fact]
    public async Task Metrics_count_what_happened()
    {
        await using var fixture = new SwitchFixture();
        _ = fixture.Client("server").ServeAsync("q", Echo, 1, CancellationToken.None);
        var client = fixture.Client();
        for (var call = 0; call < 3; call++)
        {
            await CallAsync(client, "q", "x");
        }

        var page = new MetricsText();
        fixture.Server.WriteMetrics(page);
        var text = page.ToString();
        Assert.Contains("\n# TYPE switch_requests_total counter\nswitch_requests_total 3\n", text, StringComparison.Ordinal);
        Assert.Contains("\nswitch_responses_total 3\n", text, StringComparison.Ordinal);
        Assert.Contains("\nswitch_connections 2\n", text, StringComparison.Ordinal);
        Assert.Contains("\nswitch_queue_consumers{queue=\"q\"} 1\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_caller_s_trace_context_reaches_the_handler()
    {
        await using var fixture = new SwitchFixture();
        var seen = new List<string>();
        _ = fixture.Client("server").ServeAsync("q", (request, stop) =>
        {
            seen.Add(request.TraceContext);
            return Echo(request, stop);
        }, 1, CancellationToken.None);
        var client = fixture.Client();
        await CallAsync(client, "q", "without");
        using (var activity = new Activity("call").SetIdFormat(ActivityIdFormat.W3C).Start())
        {
            await CallAsync(client, "q", "with");
            Assert.Equal(["", activity.Id!], seen);
        }
    }

    [Fact]
    public async Task The_trace_context_of_an_original_caller_reaches_a_native_handler()
    {
        const string context = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        await using var fixture = new SwitchFixture();
        var seen = new TaskCompletionSource<string>();
        _ = fixture.Client("server").ServeAsync("q", (request, stop) =>
        {
            seen.TrySetResult(request.TraceContext);
            return Echo(request, stop);
        }, 1, CancellationToken.None);
        var caller = await fixture.CompatAsync("caller");
        await caller.GetAsync("/persistent/q");
        await caller.AskAsync($"POST /request/q/caller HTTP/1.1\r\ntraceparent: {context}\r\ncontent-length: 1\r\n\r\nx");
        Assert.Equal(context, await seen.Task.WaitAsync(Patience));
    }

    [Fact]
    public async Task The_socket_has_the_configured_mode()
    {
        await using var fixture = new SwitchFixture(new Settings { Access = SocketAccess.Parse("0640", "") });
        Assert.Equal((UnixFileMode)0b110_100_000, File.GetUnixFileMode(fixture.Settings.Path));
    }

    [Fact]
    public async Task The_socket_has_the_configured_owner()
    {
        // Only root may give it away; anybody may name himself.
        var owner = PeerIdentity.Own == 0 ? "1234:2345" : $"{PeerIdentity.Own}";
        await using var fixture = new SwitchFixture(new Settings { Access = SocketAccess.Parse("0600", owner) });
        using var stat = Process.Start(new ProcessStartInfo("stat", ["-c", "%u:%g", fixture.Settings.Path]) { RedirectStandardOutput = true })!;
        Assert.StartsWith(owner, await stat.StandardOutput.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("POST /request/q/r HTTP/1.1\r\nuser-agent: cohttp\r\ncontent-length: 9\r\n\r\n{\"a\": 1 }")]
    [InlineData("POST /transfer HTTP/1.1\r\ncontent-length: 57\r\n\r\n{\"from\":\"5\",\"timeout\":0.0,\"queues\":[\"q\",\"r\"],\"x\":[{}]}  ")]
    [InlineData("GET /trace/-1/0.0 HTTP/1.1\r\nconnection: keep-alive\r\n\r\n")]
    [InlineData("\0\0\0\x0a\x94\x01\x01\x01\xa4test\0\0\0\x05\x93\x0b\x01\xa1q")]
    public async Task Damaged_and_truncated_input_ends_its_own_connection_at_most(string valid)
    {
        await using var fixture = new SwitchFixture();
        _ = fixture.Client("server").ServeAsync("calm", Echo, 4, CancellationToken.None);
        var client = fixture.Client();
        var random = new Random(valid.Length);
        var bytes = Encoding.Latin1.GetBytes(valid);
        for (var round = 0; round < 400; round++)
        {
            var damaged = bytes.ToArray();
            for (var change = random.Next(4); change > 0; change--)
            {
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            }

            using var raw = await fixture.RawAsync();
            await raw.SendAsync("GET /login/fuzz HTTP/1.1\r\n\r\n"u8.ToArray().AsMemory(0, valid[0] == '\0' ? 0 : 28));
            await raw.SendAsync(damaged.AsMemory(0, random.Next(damaged.Length + 1)));
            if (round % 20 == 0)
            {
                Assert.Equal("[x]", await CallAsync(client, "calm", "x"));
            }
        }

        Assert.Equal("[after]", await CallAsync(client, "calm", "after"));
        Assert.True(client.IsConnected);
    }

    [Fact]
    public async Task A_client_that_floods_delays_another_by_a_bounded_number_of_its_messages()
    {
        // The flooder's queue is served as fast as it goes; the calm client's call is one turn among the flooder's.
        await using var fixture = new SwitchFixture();
        var flooded = 0L;
        _ = fixture.Client("sink").ServeAsync("flood", (request, _) =>
        {
            Interlocked.Increment(ref flooded);
            return ValueTask.FromResult<ReadOnlyMemory<byte>>(default);
        }, 64, CancellationToken.None);
        _ = fixture.Client("server").ServeAsync("calm", Echo, 1, CancellationToken.None);
        var (flooder, calm) = (fixture.Client("flooder"), fixture.Client("calm"));
        await CallAsync(calm, "calm", "warm");
        using var stop = new CancellationTokenSource();
        var flood = Enumerable.Range(0, 256).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                await flooder.CallAsync("flood", new byte[256], Patience, false, CancellationToken.None);
            }
        })).ToList();
        const int Calls = 200;
        for (var call = 0; call < Calls; call++)
        {
            Assert.Equal("[x]", await CallAsync(calm, "calm", "x"));
        }

        var meanwhile = Interlocked.Read(ref flooded);
        await stop.CancelAsync();
        await Task.WhenAll(flood);

        // 256 outstanding calls of the flooder may stand before each of the calm one's four steps, and no more than a few times that.
        Assert.InRange(meanwhile / Calls, 0, 256 * 4 * 4);
    }

    public void Dispose() => directory.Delete(recursive: true);
}
