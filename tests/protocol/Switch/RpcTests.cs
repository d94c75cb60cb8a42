using Toolstack.Hosting.Switch;
using Toolstack.Hosting.Switch.Wire;
using Toolstack.MessageSwitch;
using Xunit;
using static Toolstack.Tests.Switch.SwitchFixture;

namespace Toolstack.Tests.Switch;

/// <summary>Calls through a real switch over real sockets.</summary>
public sealed class RpcTests
{
    [Fact]
    public async Task A_call_goes_round()
    {
        await using var fixture = new SwitchFixture();
        _ = fixture.Client("server").ServeAsync("q", Echo, 4, CancellationToken.None);
        Assert.Equal("[hello]", await CallAsync(fixture.Client(), "q", "hello"));
    }

    [Fact]
    public async Task A_client_can_call_what_it_serves_itself()
    {
        await using var fixture = new SwitchFixture();
        var client = fixture.Client();
        _ = client.ServeAsync("own", Echo, 1, CancellationToken.None);
        Assert.Equal("[a]", await CallAsync(client, "own", "a"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(70_000)]
    [InlineData(SwitchLimits.MaxPayloadBytes)]
    public async Task A_payload_of_any_allowed_size_goes_round_unchanged(int size)
    {
        await using var fixture = new SwitchFixture();
        _ = fixture.Client("server").ServeAsync("q", (request, _) => ValueTask.FromResult(request.Payload), 1, CancellationToken.None);
        var payload = Enumerable.Range(0, size).Select(index => (byte)(index * 31)).ToArray();
        var reply = await fixture.Client().CallAsync("q", payload, Patience, false, CancellationToken.None);
        Assert.True(reply.Span.SequenceEqual(payload));
    }

    [Fact]
    public async Task A_payload_beyond_the_limit_is_refused_before_it_is_sent()
    {
        await using var fixture = new SwitchFixture(start: false);
        var error = await Assert.ThrowsAsync<SwitchException>(() =>
            fixture.Client().CallAsync("q", new byte[SwitchLimits.MaxPayloadBytes + 1], Patience, false, CancellationToken.None));
        Assert.Equal(SwitchErrorKind.PayloadTooLarge, error.Kind);
    }

    [Fact]
    public async Task Many_calls_at_a_time_each_get_their_own_reply()
    {
        await using var fixture = new SwitchFixture();
        _ = fixture.Client("server").ServeAsync("q", Echo, 8, CancellationToken.None);
        var client = fixture.Client();
        var replies = await Task.WhenAll(Enumerable.Range(0, 2000).Select(number => CallAsync(client, "q", $"{number}")));
        Assert.Equal(Enumerable.Range(0, 2000).Select(number => $"[{number}]"), replies);
    }

    [Fact]
    public async Task No_more_handlers_run_at_a_time_than_asked_for()
    {
        await using var fixture = new SwitchFixture();
        var (running, most) = (0, 0);
        async ValueTask<ReadOnlyMemory<byte>> Handler(SwitchRequest request, CancellationToken cancel)
        {
            InterlockedMax(ref most, Interlocked.Increment(ref running));
            await Task.Yield();
            Interlocked.Decrement(ref running);
            return request.Payload;
        }

        _ = fixture.Client("server").ServeAsync("q", Handler, 3, CancellationToken.None);
        var client = fixture.Client();
        await Task.WhenAll(Enumerable.Range(0, 300).Select(number => CallAsync(client, "q", $"{number}")));
        Assert.InRange(most, 1, 3);
    }

    [Fact]
    public async Task A_failing_handler_is_the_callers_error_and_the_queue_goes_on()
    {
        await using var fixture = new SwitchFixture();
        _ = fixture.Client("server").ServeAsync("q", (request, cancel) => request.Payload.Length == 3
            ? throw new InvalidOperationException("cannot do that")
            : Echo(request, cancel), 1, CancellationToken.None);
        var client = fixture.Client();
        var error = await Assert.ThrowsAsync<SwitchException>(() => CallAsync(client, "q", "bad"));
        Assert.Equal((SwitchErrorKind.HandlerFailed, "cannot do that"), (error.Kind, error.Message));
        Assert.Equal("[good]", await CallAsync(client, "q", "good"));
    }

    [Fact]
    public async Task A_queue_nobody_serves_is_NoConsumer_after_the_grace()
    {
        await using var fixture = new SwitchFixture(new Settings { NoConsumerGrace = TimeSpan.FromMilliseconds(50) });
        var error = await Assert.ThrowsAsync<SwitchException>(() => CallAsync(fixture.Client(), "nobody", "x"));
        Assert.Equal(SwitchErrorKind.NoConsumer, error.Kind);
    }

    [Fact]
    public async Task A_deadline_ends_the_call_and_the_waiting_request()
    {
        await using var fixture = new SwitchFixture();
        var release = new TaskCompletionSource();
        var started = 0;
        _ = fixture.Client("server").ServeAsync("q", async (request, _) =>
        {
            Interlocked.Increment(ref started);
            await release.Task;
            return request.Payload;
        }, 1, CancellationToken.None);
        var client = fixture.Client();
        var busy = CallAsync(client, "q", "busy");
        var error = await Assert.ThrowsAsync<SwitchException>(() =>
            client.CallAsync("q", "late"u8.ToArray(), TimeSpan.FromMilliseconds(300), false, CancellationToken.None));
        Assert.Equal(SwitchErrorKind.DeadlineExpired, error.Kind);
        await WaitAsync(async () => (await client.ListAsync("q", CancellationToken.None))[0].Waiting == 0);
        release.SetResult();
        Assert.Equal("busy", await busy);
        await CallAsync(client, "q", "after");
        Assert.Equal(2, started);
    }

    [Fact]
    public async Task A_cancelled_call_ends_at_once_with_cancellation()
    {
        await using var fixture = new SwitchFixture();
        using var cancel = new CancellationTokenSource();
        var call = fixture.Client().CallAsync("nobody", default, Patience, false, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
    }

    [Fact]
    public async Task Serving_ends_when_cancelled_and_its_request_goes_to_another()
    {
        await using var fixture = new SwitchFixture();
        using var cancel = new CancellationTokenSource();
        var taken = new TaskCompletionSource();
        var serving = fixture.Client("first").ServeAsync("q", async (request, stop) =>
        {
            taken.TrySetResult();
            await Task.Delay(Timeout.Infinite, stop);
            return request.Payload;
        }, 1, cancel.Token);
        var call = CallAsync(fixture.Client(), "q", "x");
        await taken.Task.WaitAsync(Patience);
        _ = fixture.Client("second").ServeAsync("q", Echo, 1, CancellationToken.None);
        await cancel.CancelAsync();
        await serving.WaitAsync(Patience);
        Assert.Equal("[x]", await call);
    }

    [Fact]
    public async Task The_list_shows_queues_and_their_consumers()
    {
        await using var fixture = new SwitchFixture();
        var server = fixture.Client("server");
        _ = server.ServeAsync("org.q", Echo, 1, CancellationToken.None);
        await CallAsync(fixture.Client(), "org.q", "x");
        var queue = Assert.Single(await server.ListAsync("org.", CancellationToken.None));
        Assert.Equal(("org.q", false, 1, 0), (queue.Name, queue.Transient, queue.Consumers, queue.Waiting));
        await server.DestroyAsync("org.q", CancellationToken.None);

        // Its server subscribes again, which makes it anew.
        Assert.Equal("[y]", await CallAsync(fixture.Client("other"), "org.q", "y"));
    }

    private static void InterlockedMax(ref int target, int value)
    {
        for (var seen = Volatile.Read(ref target); value > seen;)
        {
            seen = Interlocked.CompareExchange(ref target, value, seen);
        }
    }

    private static async Task WaitAsync(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!await condition())
        {
            await Task.Delay(10, patience.Token);
        }
    }
}
