using System.Text;
using System.Text.Json;
using Toolstack.Hosting.Switch;
using Toolstack.Hosting.Switch.Wire;
using Toolstack.MessageSwitch;
using Xunit;
using static Toolstack.Tests.Switch.SwitchFixture;

namespace Toolstack.Tests.Switch;

/// <summary>What the native protocol has beside calls, through the client library and real sockets.</summary>
public sealed class NativeTests
{
    [Fact]
    public async Task Every_listener_hears_a_request_and_the_first_answer_counts()
    {
        await using var fixture = new SwitchFixture();
        var heard = new System.Collections.Concurrent.ConcurrentBag<string>();
        for (var number = 0; number < 3; number++)
        {
            var name = $"listener{number}";
            _ = fixture.Client(name).ServeAsync("q", (request, stop) =>
            {
                heard.Add(name);
                return Echo(request, stop);
            }, 4, broadcast: true, CancellationToken.None);
        }

        var client = fixture.Client();
        await EventuallyAsync(async () => (await client.ListAsync("q", CancellationToken.None)).Any(queue => queue.Consumers == 3));
        Assert.Equal("[x]", await CallAsync(client, "q", "x"));
        await EventuallyAsync(() => Task.FromResult(heard.Distinct().Count() == 3));
        Assert.Equal("[y]", await CallAsync(client, "q", "y"));
        await EventuallyAsync(async () => (await client.ListAsync("q", CancellationToken.None))[0].Unacknowledged == 0);
    }

    [Fact]
    public async Task Cancelling_a_call_ends_its_handler_and_the_next_request_is_served()
    {
        await using var fixture = new SwitchFixture();
        var (started, ended) = (new TaskCompletionSource(), new TaskCompletionSource());
        _ = fixture.Client("server").ServeAsync("q", async (request, stop) =>
        {
            if (request.Payload.Length == 0)
            {
                started.SetResult();
                using var seen = stop.Register(ended.SetResult);
                await Task.Delay(Timeout.Infinite, stop);
            }

            return await Echo(request, stop);
        }, 1, CancellationToken.None);
        using var cancel = new CancellationTokenSource();
        var client = fixture.Client();
        var call = client.CallAsync("q", default, Patience, false, cancel.Token);
        await started.Task.WaitAsync(Patience);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await ended.Task.WaitAsync(Patience);
        Assert.Equal("[next]", await CallAsync(client, "q", "next"));
    }

    [Fact]
    public async Task A_cancelled_call_that_waits_never_runs()
    {
        await using var fixture = new SwitchFixture();
        var client = fixture.Client();
        using var cancel = new CancellationTokenSource();
        var call = client.CallAsync("q", default, Patience, false, cancel.Token);
        await EventuallyAsync(async () => (await client.ListAsync("q", CancellationToken.None)).Any(queue => queue.Waiting == 1));
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await EventuallyAsync(async () => (await client.ListAsync("q", CancellationToken.None)).Count == 0);
    }

    [Fact]
    public async Task Alive_queues_are_those_that_somebody_consumes()
    {
        await using var fixture = new SwitchFixture();
        var client = fixture.Client();
        await client.CreateAsync("a.dead", transient: false, CancellationToken.None);
        _ = fixture.Client("server").ServeAsync("a.alive", Echo, 1, CancellationToken.None);
        await CallAsync(client, "a.alive", "x");
        Assert.Equal(["a.alive", "a.dead"], (await client.ListAsync("a.", CancellationToken.None)).Select(queue => queue.Name).Order());
        Assert.Equal(["a.alive"], (await client.ListAsync("a.", alive: true, CancellationToken.None)).Select(queue => queue.Name));
    }

    [Fact]
    public async Task A_transient_queue_of_a_native_client_dies_with_its_connection()
    {
        await using var fixture = new SwitchFixture();
        var (owner, watcher) = (fixture.Client("owner"), fixture.Client("watcher"));
        await owner.CreateAsync("t", transient: true, CancellationToken.None);
        Assert.True((await watcher.ListAsync("t", CancellationToken.None))[0].Transient);
        await owner.DisposeAsync();
        await EventuallyAsync(async () => (await watcher.ListAsync("t", CancellationToken.None)).Count == 0);
    }

    [Fact]
    public async Task Transient_queues_are_made_and_served_again_after_a_restart_of_the_switch()
    {
        await using var fixture = new SwitchFixture();
        var (owner, other) = (fixture.Client("owner"), fixture.Client("other"));
        await owner.CreateAsync("t", transient: true, CancellationToken.None);
        await owner.CreateAsync("gone", transient: true, CancellationToken.None);
        await owner.DestroyAsync("gone", CancellationToken.None);
        _ = owner.ServeAsync("t", Echo, 1, CancellationToken.None);
        for (var round = 0; round < 2; round++)
        {
            await EventuallyAsync(async () => (await other.ListAsync("t", alive: true, CancellationToken.None)) is [{ Transient: true }]);
            Assert.Equal("[x]", await CallAsync(other, "t", "x"));
            var refused = await Assert.ThrowsAsync<SwitchException>(() => other.CreateAsync("t", transient: true, CancellationToken.None));
            Assert.Equal(SwitchErrorKind.NotOwner, refused.Kind);
            await fixture.StopSwitchAsync();
            fixture.StartSwitch();
            Assert.Equal("[y]", await CallAsync(other, "t", "y", retrySafe: true));
            Assert.Empty(await other.ListAsync("gone", CancellationToken.None));
        }
    }

    [Fact]
    public async Task Diagnostics_and_the_trace_are_those_of_the_original_protocol()
    {
        await using var fixture = new SwitchFixture(new Settings { TraceEntries = 64 });
        var client = fixture.Client();
        var following = client.TraceAsync(0, Patience, CancellationToken.None);
        _ = fixture.Client("server").ServeAsync("q", Echo, 1, CancellationToken.None);
        await CallAsync(client, "q", "hello");
        Assert.Contains("\"events\":[[0,", Encoding.UTF8.GetString((await following).Span), StringComparison.Ordinal);
        using var trace = JsonDocument.Parse(await client.TraceAsync(0, Patience, CancellationToken.None));
        Assert.Equal("hello", trace.RootElement.GetProperty("events")[0][1].GetProperty("message")[2].GetProperty("payload").GetString());
        Assert.Equal("{\"events\":[]}", Encoding.UTF8.GetString((await client.TraceAsync(9999, TimeSpan.Zero, CancellationToken.None)).Span));

        await client.StoreAsync("q", "kept"u8.ToArray(), CancellationToken.None);
        var report = await client.DiagnoseAsync(CancellationToken.None);
        var compat = await fixture.CompatAsync("");
        Assert.Equal(CompatPeer.Normal(await compat.GetAsync("/")).Length, CompatPeer.Normal(Encoding.UTF8.GetString(report.Span)).Length, tolerance: 200);
        using var diagnostics = JsonDocument.Parse(report);
        Assert.True(diagnostics.RootElement.GetProperty("permanent_queues").TryGetProperty("q", out _));
    }

    [Fact]
    public async Task What_is_stored_waits_for_a_consumer_and_outlives_the_switch()
    {
        var directory = Directory.CreateTempSubdirectory("switch-native-state");
        try
        {
            await using var fixture = new SwitchFixture(new Settings { StateDirectory = directory.FullName, StateSync = false });
            var client = fixture.Client();
            var missing = await Assert.ThrowsAsync<SwitchException>(() => client.StoreAsync("q", default, CancellationToken.None));
            Assert.Equal(SwitchErrorKind.QueueDestroyed, missing.Kind);
            await client.CreateAsync("q", transient: false, CancellationToken.None);
            var ids = new List<MessageId>();
            for (var number = 0; number < 20; number++)
            {
                ids.Add(await client.StoreAsync("q", Encoding.UTF8.GetBytes($"{number}"), CancellationToken.None));
            }

            Assert.Equal(ids.OrderBy(id => id.Number), ids);
            await fixture.StopSwitchAsync();
            fixture.StartSwitch();
            var (heard, all) = (new List<string>(), new TaskCompletionSource());
            _ = fixture.Client("server").ServeAsync("q", (request, _) =>
            {
                heard.Add(Encoding.UTF8.GetString(request.Payload.Span));
                if (heard.Count == 20)
                {
                    all.SetResult();
                }

                return ValueTask.FromResult<ReadOnlyMemory<byte>>(default);
            }, 1, CancellationToken.None);
            await all.Task.WaitAsync(Patience);
            Assert.Equal(Enumerable.Range(0, 20).Select(number => $"{number}"), heard);
            await EventuallyAsync(async () => (await client.ListAsync("q", CancellationToken.None))[0] is { Waiting: 0, Unacknowledged: 0 });
            var later = await client.StoreAsync("q", "x"u8.ToArray(), CancellationToken.None);
            Assert.True(later.Number > ids[^1].Number && later.Incarnation > ids[^1].Incarnation);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_large_request_and_its_large_reply_are_handed_over_without_a_copy()
    {
        await using var fixture = new SwitchFixture();
        _ = fixture.Client("server").ServeAsync("q", (request, _) => ValueTask.FromResult(request.Payload[1..]), 1, CancellationToken.None);
        var payload = Enumerable.Range(0, 500_000).Select(index => (byte)(index * 7)).ToArray();
        using var reply = await fixture.Client().CallUncopiedAsync("q", payload, Patience, false, CancellationToken.None);
        Assert.True(reply.Payload.Span.SequenceEqual(payload.AsSpan(1)));
        Assert.False(System.Runtime.InteropServices.MemoryMarshal.TryGetArray(reply.Payload, out _), "it is no array of this process");
    }

    [Fact]
    public async Task A_client_that_wants_no_descriptors_copies_and_others_need_not_know()
    {
        await using var fixture = new SwitchFixture();
        await using var plain = new SwitchConnection(new SwitchOptions(fixture.Settings.Path, "plain") { SealedPayloads = false },
            Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        plain.Start();
        var payload = Enumerable.Range(0, 3_000_000).Select(index => (byte)(index * 7)).ToArray();
        _ = fixture.Client("server").ServeAsync("q", (request, _) => ValueTask.FromResult(request.Payload), 1, CancellationToken.None);
        Assert.True((await plain.CallAsync("q", payload, Patience, false, CancellationToken.None)).Span.SequenceEqual(payload));
        _ = plain.ServeAsync("p", (request, _) => ValueTask.FromResult(request.Payload), 1, CancellationToken.None);
        Assert.True((await fixture.Client().CallAsync("p", payload, Patience, false, CancellationToken.None)).Span.SequenceEqual(payload));
    }

    [Fact]
    public async Task Who_is_not_among_the_allowed_users_is_not_answered()
    {
        await using var fixture = new SwitchFixture(new Settings { AllowedUsers = AllowedUsers.Parse("1000, 1001") })
        {
            Identity = new PeerIdentity(1, 4_000_000, 1),
        };
        using var refused = await fixture.RawAsync();
        Assert.Equal("", (await ReadToEndAsync(refused)).Replace("<reset>", "", StringComparison.Ordinal));
        fixture.Identity = new PeerIdentity(1, 1001, 1);
        await fixture.CompatAsync("allowed");
    }

    [Fact]
    public async Task The_kernel_s_word_about_a_native_client_counts_not_its_own()
    {
        await using var fixture = new SwitchFixture { Identity = new PeerIdentity(1, 1000, 1000) };
        var owner = fixture.Client("owner");
        _ = owner.ServeAsync("q", Echo, 1, CancellationToken.None);
        await CallAsync(owner, "q", "x");
        fixture.Identity = new PeerIdentity(2, 1001, 1001);
        var other = fixture.Client("owner");
        Assert.Equal("[y]", await CallAsync(other, "q", "y"));
        Assert.Equal(SwitchErrorKind.NotOwner,
            (await Assert.ThrowsAsync<SwitchException>(() => other.DestroyAsync("q", CancellationToken.None))).Kind);
        Assert.Equal(SwitchErrorKind.NotOwner,
            (await Assert.ThrowsAsync<SwitchException>(() => other.ServeAsync("q", Echo, 1, CancellationToken.None))).Kind);
    }

    private static async Task EventuallyAsync(Func<Task<bool>> holds)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!await holds())
        {
            await Task.Delay(5, patience.Token);
        }
    }
}
