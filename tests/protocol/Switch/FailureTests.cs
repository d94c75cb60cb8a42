using System.Buffers;
using Toolstack.Hosting;
using Toolstack.Hosting.Switch;
using Toolstack.Hosting.Switch.Wire;
using Toolstack.MessageSwitch;
using Xunit;
using static Toolstack.Tests.Switch.SwitchFixture;

namespace Toolstack.Tests.Switch;

/// <summary>What the switch and its clients do when the other side dies, restarts, lies or does not read.</summary>
public sealed class FailureTests
{
    [Fact]
    public async Task A_request_whose_consumer_dies_is_delivered_to_another_and_marked()
    {
        await using var fixture = new SwitchFixture();
        var taken = new TaskCompletionSource<SwitchRequest>();
        var first = fixture.Client("first");
        _ = first.ServeAsync("q", async (request, stop) =>
        {
            taken.TrySetResult(request);
            await Task.Delay(Timeout.Infinite, stop);
            return default;
        }, 1, CancellationToken.None);
        var call = CallAsync(fixture.Client(), "q", "x");
        Assert.False((await taken.Task.WaitAsync(Patience)).Redelivered);
        var second = new TaskCompletionSource<SwitchRequest>();
        _ = fixture.Client("second").ServeAsync("q", (request, stop) =>
        {
            second.TrySetResult(request);
            return Echo(request, stop);
        }, 1, CancellationToken.None);
        await first.DisposeAsync();
        Assert.Equal("[x]", await call);
        Assert.True((await second.Task).Redelivered);
    }

    [Fact]
    public async Task Clients_find_a_switch_that_starts_late()
    {
        await using var fixture = new SwitchFixture(start: false);
        _ = fixture.Client("server").ServeAsync("q", Echo, 1, CancellationToken.None);
        var client = fixture.Client();
        var call = CallAsync(client, "q", "early");
        Assert.False(client.IsConnected);
        fixture.StartSwitch();
        Assert.Equal("[early]", await call);
        Assert.True(client.IsConnected);
    }

    [Fact]
    public async Task After_a_restart_of_the_switch_the_next_call_works()
    {
        await using var fixture = new SwitchFixture();
        _ = fixture.Client("server").ServeAsync("q", Echo, 1, CancellationToken.None);
        var client = fixture.Client();
        for (var round = 0; round < 3; round++)
        {
            Assert.Equal("[x]", await CallAsync(client, "q", "x"));
            await fixture.StopSwitchAsync();
            fixture.StartSwitch();
            Assert.Equal("[y]", await CallAsync(client, "q", "y", retrySafe: true));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_call_in_flight_at_a_restart_is_repeated_only_if_that_is_safe(bool retrySafe)
    {
        await using var fixture = new SwitchFixture();
        var taken = new TaskCompletionSource();
        var runs = 0;
        _ = fixture.Client("server").ServeAsync("q", async (request, stop) =>
        {
            if (Interlocked.Increment(ref runs) == 1)
            {
                taken.TrySetResult();
                await Task.Delay(Timeout.Infinite, stop);
            }

            return await Echo(request, stop);
        }, 2, CancellationToken.None);
        var call = CallAsync(fixture.Client(), "q", "x", retrySafe);
        await taken.Task.WaitAsync(Patience);
        await fixture.StopSwitchAsync();
        fixture.StartSwitch();
        if (retrySafe)
        {
            Assert.Equal("[x]", await call);
        }
        else
        {
            var error = await Assert.ThrowsAsync<SwitchException>(() => call);
            Assert.Equal(SwitchErrorKind.Disconnected, error.Kind);
        }
    }

    [Fact]
    public async Task Without_a_switch_a_call_is_NotConnected_at_its_deadline()
    {
        await using var fixture = new SwitchFixture(start: false);
        var error = await Assert.ThrowsAsync<SwitchException>(() =>
            fixture.Client().CallAsync("q", default, TimeSpan.FromMilliseconds(50), true, CancellationToken.None));
        Assert.Equal(SwitchErrorKind.NotConnected, error.Kind);
    }

    [Fact]
    public async Task Disposing_a_client_ends_its_calls_and_its_serving()
    {
        await using var fixture = new SwitchFixture();
        var client = fixture.Client();
        var serving = client.ServeAsync("q", Echo, 1, CancellationToken.None);
        var call = client.CallAsync("nobody", default, Patience, true, CancellationToken.None);
        await client.WaitConnectedAsync(CancellationToken.None).WaitAsync(Patience);
        await client.DisposeAsync();
        await Assert.ThrowsAsync<SwitchException>(() => call);
        await serving.WaitAsync(Patience);
    }

    [Theory]
    [InlineData("\u0001\u0002\u0003\u0004rubbish")]
    [InlineData("\0\0\0\u0001\u00c0")]
    [InlineData("\0\0\0\u0005\u0093\u000b\u0001\u00a1q")] // a command before hello
    public async Task Garbage_ends_that_connection_only(string bytes)
    {
        await using var fixture = new SwitchFixture();
        _ = fixture.Client("server").ServeAsync("q", Echo, 1, CancellationToken.None);
        var client = fixture.Client();
        await CallAsync(client, "q", "before");
        using var raw = await fixture.RawAsync();
        await raw.SendAsync(System.Text.Encoding.Latin1.GetBytes(bytes));
        Assert.Equal("", (await ReadToEndAsync(raw)).Replace("<reset>", "", StringComparison.Ordinal));
        Assert.Equal("[after]", await CallAsync(client, "q", "after"));
        Assert.True(client.IsConnected);
    }

    [Fact]
    public async Task Another_version_is_refused_by_its_number()
    {
        await using var fixture = new SwitchFixture();
        using var raw = await fixture.RawAsync();
        await raw.SendAsync(Frame(new Hello(2, 0, "future")));
        Assert.Contains("version 2 is not spoken", await ReadToEndAsync(raw), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sender_whose_requests_nobody_takes_is_not_read_any_more_and_later_everything_arrives()
    {
        const int total = 400;
        await using var fixture = new SwitchFixture(new Settings { MaxClientMessages = 10 });
        var client = fixture.Client();
        var calls = Enumerable.Range(0, total).Select(number => CallAsync(client, "q", $"{number}")).ToList();
        var observer = fixture.Client("observer");
        using var patience = new CancellationTokenSource(Patience);
        while (!(await observer.ListAsync("q", patience.Token)).Any(queue => queue.Waiting == 10))
        {
            await Task.Delay(5, patience.Token);
        }

        // The bound holds: the rest waits in the sender's socket.
        Assert.All(calls, call => Assert.False(call.IsCompleted));
        _ = fixture.Client("server").ServeAsync("q", Echo, 1, CancellationToken.None);
        Assert.Equal(Enumerable.Range(0, total).Select(number => $"[{number}]"), await Task.WhenAll(calls));
    }

    [Fact]
    public async Task A_consumer_that_does_not_read_holds_up_nobody_else()
    {
        await using var fixture = new SwitchFixture();
        using var stuck = await fixture.RawAsync();
        await stuck.SendAsync(Frame(new Hello(1, 0, "stuck")));
        await stuck.SendAsync(Frame(new CreateQueue(1, "q", false)));
        await stuck.SendAsync(Frame(new Subscribe(2, "q", 1000)));
        var client = fixture.Client();
        using var patience = new CancellationTokenSource(Patience);
        while (!(await client.ListAsync("q", patience.Token)).Any(queue => queue.Consumers == 1))
        {
            await Task.Delay(5, patience.Token);
        }

        var payload = new byte[256 * 1024];
        var calls = Enumerable.Range(0, 60).Select(_ => client.CallAsync("q", payload, Patience, false, CancellationToken.None)).ToList();
        _ = fixture.Client("server").ServeAsync("q", (request, _) => ValueTask.FromResult(request.Payload[..1]), 4, CancellationToken.None);

        // Some went to the stuck consumer; when it dies, the other one gets them too.
        await Task.WhenAny(calls).WaitAsync(Patience);
        stuck.Dispose();
        Assert.All(await Task.WhenAll(calls), reply => Assert.Equal(1, reply.Length));
    }

    [Fact]
    public async Task A_consumer_that_takes_no_descriptors_gets_large_requests_inline()
    {
        await using var fixture = new SwitchFixture();
        using var plain = await fixture.RawAsync();
        await plain.SendAsync(Frame(new Hello(1, 0, "plain")));
        await plain.SendAsync(Frame(new CreateQueue(1, "q", false)));
        await plain.SendAsync(Frame(new Subscribe(2, "q", 1)));
        var payload = Enumerable.Range(0, 300_000).Select(index => (byte)(index * 13)).ToArray();
        _ = fixture.Client().CallAsync("q", payload, Patience, false, CancellationToken.None);
        var delivery = await ReadUntilAsync<RequestDelivery>(plain);
        Assert.Equal(payload, delivery.Payload.Bytes.ToArray());
    }

    [Fact]
    public async Task A_sealed_payload_without_its_descriptor_ends_that_connection_only()
    {
        await using var fixture = new SwitchFixture();
        using var liar = await fixture.RawAsync();
        await liar.SendAsync(Frame(new Hello(1, SwitchFeatures.All, "liar")));
        var payload = SwitchPayload.Of(new byte[100_000]);
        await liar.SendAsync(Frame(new Request("q", "", 1, 1000, payload)));
        payload.Release();
        await ReadToEndAsync(liar);
        var client = fixture.Client();
        _ = client.ServeAsync("q", Echo, 1, CancellationToken.None);
        Assert.Equal("[x]", await CallAsync(client, "q", "x"));
    }

    [Fact]
    public async Task A_second_switch_on_the_same_path_does_not_start_and_a_stale_socket_is_replaced()
    {
        await using var fixture = new SwitchFixture();
        await using (var second = new SwitchServer(fixture.Settings, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance))
        {
            Assert.Contains("another process", Assert.Throws<ConfigurationException>(() => second.Listen()).Message, StringComparison.Ordinal);
        }

        await fixture.StopSwitchAsync();
        Assert.False(File.Exists(fixture.Settings.Path));
        await File.WriteAllTextAsync(fixture.Settings.Path, "");
        fixture.StartSwitch();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(fixture.Settings.Path));
    }

    private static async Task<T> ReadUntilAsync<T>(System.Net.Sockets.Socket socket)
        where T : SwitchMessage
    {
        using var patience = new CancellationTokenSource(Patience);
        var (data, chunk) = (new List<byte>(), new byte[65536]);
        while (true)
        {
            var buffer = new ReadOnlySequence<byte>(data.ToArray());
            while (SwitchCodec.TryReadFrame(ref buffer, [], out var message, out _))
            {
                if (message is T found)
                {
                    return found;
                }
            }

            var count = await socket.ReceiveAsync(chunk, patience.Token);
            Assert.NotEqual(0, count);
            data.AddRange(chunk.AsSpan(0, count));
        }
    }

    private static byte[] Frame(SwitchMessage message)
    {
        var output = new ArrayBufferWriter<byte>();
        SwitchCodec.WriteFrame(output, new ArrayBufferWriter<byte>(), message, sealedAllowed: true);
        return output.WrittenSpan.ToArray();
    }
}
