using System.Text;
using Toolstack.Hosting.Switch;
using Toolstack.MessageSwitch;
using Xunit;
using static Toolstack.Tests.Switch.SwitchFixture;

namespace Toolstack.Tests.Switch;

/// <summary>What the original protocol means: sessions, queues, transfers, and calls between its clients and native ones.</summary>
public sealed class CompatTests
{
    [Fact]
    public async Task A_native_client_calls_a_compatibility_server()
    {
        await using var fixture = new SwitchFixture();
        var server = await fixture.CompatAsync("server");
        await server.GetAsync("/persistent/q");
        var call = CallAsync(fixture.Client(), "q", "ping");
        var (messages, _) = await server.TransferAsync("q");
        var request = Assert.Single(messages);
        Assert.Equal("ping", request.Payload);
        await server.PostAsync($"/response/{request.ReplyTo}/q/{request.Number}", "pong");
        await server.GetAsync($"/ack/q/{request.Number}");
        Assert.Equal("pong", await call);
        Assert.Empty((await server.TransferAsync("q", timeout: 0)).Messages);
    }

    [Fact]
    public async Task A_compatibility_client_calls_a_native_server()
    {
        await using var fixture = new SwitchFixture();
        _ = fixture.Client("server").ServeAsync("q", Echo, 1, CancellationToken.None);
        var caller = await fixture.CompatAsync("caller");
        var events = await fixture.CompatAsync("caller");
        await caller.GetAsync("/transient/caller");
        await caller.GetAsync("/persistent/q");
        for (var round = 0; round < 3; round++)
        {
            var number = await caller.SendRequestAsync("q", "caller", $"ping{round}");
            var (messages, _) = await events.TransferAsync("caller");
            var reply = Assert.Single(messages);
            Assert.Equal(($"[ping{round}]", "q", number), (reply.Payload, reply.AnsweredQueue, reply.Answered));
            await events.GetAsync($"/ack/caller/{reply.Number}");
        }
    }

    [Theory]
    [InlineData(300_000)]
    [InlineData(70_000)]
    [InlineData(10)]
    public async Task Payloads_of_any_size_and_any_bytes_cross_between_the_protocols(int size)
    {
        await using var fixture = new SwitchFixture();
        var text = string.Concat(Enumerable.Range(0, size).Select(index => (char)(index % 128)));
        _ = fixture.Client("server").ServeAsync("q", (request, _) => ValueTask.FromResult(request.Payload), 1, CancellationToken.None);
        var caller = await fixture.CompatAsync("caller");
        await caller.GetAsync("/transient/caller");
        await caller.GetAsync("/persistent/q");
        await caller.SendRequestAsync("q", "caller", text);
        Assert.Equal(text, Assert.Single((await caller.TransferAsync("caller")).Messages).Payload);

        var server = await fixture.CompatAsync("server2");
        await server.GetAsync("/persistent/q2");
        var call = fixture.Client().CallAsync("q2", Encoding.Latin1.GetBytes(text), Patience, false, CancellationToken.None);
        var request = Assert.Single((await server.TransferAsync("q2")).Messages);
        Assert.Equal(text, request.Payload);
        await server.PostAsync($"/response/{request.ReplyTo}/q2/{request.Number}", text);
        Assert.Equal(text, Encoding.Latin1.GetString((await call).Span));
    }

    [Fact]
    public async Task A_native_handler_s_failure_reaches_a_compatibility_caller_as_a_failed_call()
    {
        await using var fixture = new SwitchFixture();
        _ = fixture.Client("server").ServeAsync("q", (_, _) => throw new InvalidOperationException("broken \"x\""), 1, CancellationToken.None);
        var caller = await fixture.CompatAsync("caller");
        await caller.GetAsync("/transient/caller");
        await caller.GetAsync("/persistent/q");
        await caller.SendRequestAsync("q", "caller", "x");
        var reply = Assert.Single((await caller.TransferAsync("caller")).Messages);
        Assert.Equal("{\"result\":null,\"error\":[\"Internal_error\",\"broken \\\"x\\\"\"],\"id\":0}", reply.Payload);
    }

    [Fact]
    public async Task Two_compatibility_clients_call_each_other_and_replies_come_oldest_first()
    {
        await using var fixture = new SwitchFixture();
        var server = await fixture.CompatAsync("server");
        await server.GetAsync("/persistent/q");
        var caller = await fixture.CompatAsync("caller");
        await caller.GetAsync("/transient/caller");
        var numbers = new List<long>();
        for (var index = 0; index < 3; index++)
        {
            numbers.Add(await caller.SendRequestAsync("q", "caller", $"{index}"));
        }

        Assert.Equal(numbers.Order(), numbers);
        var (requests, next) = await server.TransferAsync("q");
        Assert.Equal(numbers, requests.Select(request => request.Number));
        Assert.Equal($"{numbers[2]}", next);
        foreach (var request in requests)
        {
            await server.PostAsync($"/response/{request.ReplyTo}/q/{request.Number}", $"re {request.Payload}");
        }

        var (replies, _) = await caller.TransferAsync("caller");
        Assert.Equal(["re 0", "re 1", "re 2"], replies.Select(reply => reply.Payload));
        Assert.Equal(numbers, replies.Select(reply => reply.Answered));
    }

    [Fact]
    public async Task What_is_not_acknowledged_is_shown_again_to_an_older_cursor_and_after_a_restart_of_the_consumer()
    {
        await using var fixture = new SwitchFixture();
        var sender = await fixture.CompatAsync("sender");
        await sender.GetAsync("/persistent/q");
        var number = await sender.SendRequestAsync("q", "sender", "x");
        var first = await fixture.CompatAsync("server");
        Assert.Equal(number, Assert.Single((await first.TransferAsync("q")).Messages).Number);
        Assert.Empty((await first.TransferAsync("q", $"{number}", 0)).Messages);
        Assert.Equal(number, Assert.Single((await first.TransferAsync("q")).Messages).Number);
        await first.DisposeAsync();
        var second = await fixture.CompatAsync("server");
        Assert.Equal(number, Assert.Single((await second.TransferAsync("q")).Messages).Number);
        await second.GetAsync($"/ack/q/{number}");
        Assert.Empty((await second.TransferAsync("q", timeout: 0)).Messages);
    }

    [Fact]
    public async Task Several_consumers_all_see_a_message_until_one_acknowledges()
    {
        await using var fixture = new SwitchFixture();
        var (one, two) = (await fixture.CompatAsync("one"), await fixture.CompatAsync("two"));
        await one.GetAsync("/persistent/q");
        var number = await one.SendRequestAsync("q", "one", "x");
        Assert.Single((await one.TransferAsync("q")).Messages);
        Assert.Single((await two.TransferAsync("q")).Messages);
        await two.GetAsync($"/ack/q/{number}");
        Assert.Empty((await one.TransferAsync("q", timeout: 0)).Messages);
    }

    [Fact]
    public async Task A_waiting_transfer_is_woken_by_a_message_and_one_cursor_skips_nothing_in_several_queues()
    {
        await using var fixture = new SwitchFixture();
        var (server, sender) = (await fixture.CompatAsync("server"), await fixture.CompatAsync("sender"));
        await sender.GetAsync("/persistent/a");
        await sender.GetAsync("/persistent/b");
        var next = "-1";
        foreach (var queue in new[] { "a", "b", "b", "a", "b" })
        {
            await server.SendAsync(CompatPeer.Post("/transfer", $"{{\"from\":\"{next}\",\"timeout\":30.0,\"queues\":[\"a\",\"b\"]}}"));
            await sender.SendRequestAsync(queue, "sender", "x");
            var response = await server.ResponseAsync();
            Assert.Contains($"[[[\"{queue}\",", response, StringComparison.Ordinal);
            next = response.Split("\"next\":\"")[1].Split('"')[0];
        }
    }

    [Fact]
    public async Task A_transient_queue_lives_while_its_session_has_a_connection()
    {
        await using var fixture = new SwitchFixture();
        var watcher = await fixture.CompatAsync("watcher");
        var (one, two) = (await fixture.CompatAsync("me"), await fixture.CompatAsync("me"));
        await one.GetAsync("/transient/t");
        await watcher.GetAsync("/persistent/t");
        await one.DisposeAsync();
        Assert.Equal("[\"t\"]", await two.GetAsync("/list/t"));
        await two.DisposeAsync();
        await EventuallyAsync(async () => await watcher.GetAsync("/list/t") == "[]");
    }

    [Fact]
    public async Task Leaving_while_a_transfer_waits_ends_the_session()
    {
        await using var fixture = new SwitchFixture();
        var watcher = await fixture.CompatAsync("watcher");
        var peer = await fixture.CompatAsync("me");
        await peer.GetAsync("/transient/t");
        await peer.SendAsync(CompatPeer.Post("/transfer", "{\"timeout\":3000.0,\"queues\":[\"t\"]}"));
        await EventuallyAsync(async () => await watcher.GetAsync("/list/alive/t") == "[\"t\"]");
        await peer.DisposeAsync();
        await EventuallyAsync(async () => await watcher.GetAsync("/list/t") == "[]");
    }

    [Fact]
    public async Task Another_client_s_transient_queue_cannot_be_read_or_destroyed()
    {
        await using var fixture = new SwitchFixture();
        var (owner, thief) = (await fixture.CompatAsync("owner"), await fixture.CompatAsync("thief"));
        await owner.GetAsync("/transient/t");
        Assert.StartsWith("HTTP/1.1 403 ", await thief.AskAsync(CompatPeer.Get("/destroy/t")), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 403 ", await thief.AskAsync(CompatPeer.Get("/ack/t/1")), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 403 ",
            await thief.AskAsync(CompatPeer.Post("/transfer", "{\"timeout\":0,\"queues\":[\"t\"]}")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_belongs_to_the_user_who_logged_in_with_it()
    {
        await using var fixture = new SwitchFixture { Identity = new PeerIdentity(1, 1000, 1000) };
        await fixture.CompatAsync("mine");
        fixture.Identity = new PeerIdentity(2, 1001, 1001);
        var other = await fixture.CompatAsync("");
        Assert.StartsWith("HTTP/1.1 403 ", await other.AskAsync(CompatPeer.Get("/login/mine")), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 404 ", await other.AskAsync(CompatPeer.Get("/list/")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_root_shuts_the_switch_down()
    {
        await using var fixture = new SwitchFixture { Identity = new PeerIdentity(1, 1000, 1000) };
        var user = await fixture.CompatAsync("user");
        Assert.StartsWith("HTTP/1.1 403 ", await user.AskAsync(CompatPeer.Post("/shutdown", "")), StringComparison.Ordinal);
        Assert.False(fixture.Serving.IsCompleted);
        fixture.Identity = new PeerIdentity(1, 0, 0);
        var root = await fixture.CompatAsync("root");
        Assert.Equal("", await root.PostAsync("/shutdown"));
        await fixture.Serving.WaitAsync(Patience);
    }

    [Fact]
    public async Task After_a_restart_of_the_switch_an_unchanged_client_gets_its_replies_and_a_server_with_an_old_cursor_its_requests()
    {
        await using var fixture = new SwitchFixture();
        var server = await fixture.CompatAsync("server");
        var caller = await fixture.CompatAsync("caller");
        await server.GetAsync("/persistent/q");
        await caller.SendRequestAsync("q", "caller", "before");
        var (_, cursor) = await server.TransferAsync("q");
        await fixture.StopSwitchAsync();
        fixture.StartSwitch();

        // As the original libraries reconnect: they only log in and go on where they were.
        server = await fixture.CompatAsync("server");
        var (events, requests) = (await fixture.CompatAsync("caller"), await fixture.CompatAsync("caller"));
        await events.SendAsync(CompatPeer.Post("/transfer", "{\"timeout\":30.0,\"queues\":[\"caller\"]}"));
        await EventuallyAsync(async () => await requests.GetAsync("/list/alive/caller") == "[\"caller\"]");
        await requests.GetAsync("/persistent/q");
        await requests.SendRequestAsync("q", "caller", "after");
        var request = Assert.Single((await server.TransferAsync("q", cursor)).Messages);
        Assert.Equal("after", request.Payload);
        Assert.True(request.Number > long.Parse(cursor, System.Globalization.CultureInfo.InvariantCulture));
        await server.PostAsync($"/response/caller/q/{request.Number}", "reply");
        Assert.Contains("reply", await events.ResponseAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_queue_is_alive_only_while_somebody_consumes_it()
    {
        await using var fixture = new SwitchFixture();
        var watcher = await fixture.CompatAsync("watcher");
        var server = await fixture.CompatAsync("server");
        await watcher.GetAsync("/persistent/q");
        Assert.Equal("[]", await watcher.GetAsync("/list/alive/"));
        await server.TransferAsync("q", timeout: 0);
        Assert.Equal("[\"q\"]", await watcher.GetAsync("/list/alive/"));
        await server.DisposeAsync();
        await EventuallyAsync(async () => await watcher.GetAsync("/list/alive/") == "[]");
    }

    [Fact]
    public async Task A_full_queue_refuses_by_the_name_of_its_limit()
    {
        await using var fixture = new SwitchFixture(new Settings { MaxQueueMessages = 2, FullQueueWait = TimeSpan.FromMilliseconds(30) });
        var peer = await fixture.CompatAsync();
        await peer.GetAsync("/persistent/q");
        await peer.SendRequestAsync("q", "r", "1");
        await peer.SendRequestAsync("q", "r", "2");
        var refused = await peer.AskAsync(CompatPeer.Post("/request/q/r", "3"));
        Assert.StartsWith("HTTP/1.1 503 ", refused, StringComparison.Ordinal);
        Assert.Contains("max-queue-messages", refused, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sender_waits_while_a_queue_is_full_and_nothing_is_lost()
    {
        await using var fixture = new SwitchFixture(new Settings { MaxQueueMessages = 2 });
        var (sender, server) = (await fixture.CompatAsync("sender"), await fixture.CompatAsync("server"));
        await sender.GetAsync("/persistent/q");
        await sender.SendRequestAsync("q", "r", "1");
        await sender.SendRequestAsync("q", "r", "2");
        var waiting = sender.SendRequestAsync("q", "r", "3");
        var (messages, cursor) = await server.TransferAsync("q");
        Assert.Equal(["1", "2"], messages.Select(message => message.Payload));
        Assert.False(waiting.IsCompleted);
        await server.GetAsync($"/ack/q/{messages[0].Number}");
        Assert.True(await waiting > messages[1].Number);
        Assert.Equal("3", Assert.Single((await server.TransferAsync("q", cursor)).Messages).Payload);
    }

    [Fact]
    public async Task A_trace_shows_every_step_of_a_call_and_cuts_long_texts()
    {
        await using var fixture = new SwitchFixture(new Settings { TraceTruncate = 10 });
        var (server, caller) = (await fixture.CompatAsync("server"), await fixture.CompatAsync("caller"));
        var tracer = await fixture.CompatAsync("");
        await tracer.SendAsync(CompatPeer.Get("/trace/5/30"));
        await server.GetAsync("/persistent/q");
        var number = await caller.SendRequestAsync("q", "caller", "{\"method\":\"" + new string('m', 11) + "\"}");
        await server.TransferAsync("q");
        await caller.GetAsync("/transient/caller");
        await server.PostAsync($"/response/caller/q/{number}", "done");
        await server.GetAsync($"/ack/q/{number}");
        var reply = Assert.Single((await caller.TransferAsync("caller")).Messages);
        await caller.GetAsync($"/ack/caller/{reply.Number}");
        Assert.Contains("[5,{", await tracer.ResponseAsync(), StringComparison.Ordinal);
        var trace = CompatPeer.Normal(await tracer.GetAsync("/trace/0/1"));
        string[] steps = [
            "\"input\":\"caller\",\"queue\":\"q\",\"message\":[\"Message\",[\"q\",N]", "\"queue\":\"q\",\"output\":\"server\"",
            "\"input\":\"server\",\"queue\":\"caller\"", "\"processing_time\":", "\"input\":\"server\",\"queue\":\"q\",\"message\":[\"Ack\",[\"q\",N]]",
            "\"queue\":\"caller\",\"output\":\"caller\"", "\"input\":\"caller\",\"queue\":\"caller\",\"message\":[\"Ack\""];
        var at = 0;
        foreach (var step in steps)
        {
            at = trace.IndexOf(step, at, StringComparison.Ordinal);
            Assert.True(at >= 0, $"{step} not in order in {trace}");
        }

        Assert.Contains("mmmmmmmmmm\u00e2\u0080\u00a6", trace.Replace("\\\\u2026", "\u00e2\u0080\u00a6", StringComparison.Ordinal), StringComparison.Ordinal);
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
