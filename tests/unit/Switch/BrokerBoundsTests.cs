using Toolstack.Hosting.Switch;
using Toolstack.Hosting.Switch.Wire;
using Toolstack.MessageSwitch;
using Xunit;

namespace Toolstack.Tests.Switch;

public sealed class BrokerBoundsTests
{
    private readonly BrokerWorld world = new(new Settings
    {
        MaxQueueMessages = 4,
        MaxQueueBytes = 100,
        MaxClientMessages = 3,
        MaxClientBytes = 80,
    });

    [Fact]
    public void A_full_queue_refuses_the_next_request_at_once()
    {
        var first = world.Caller("first");
        var second = world.Caller("second");
        first.Request("q", 1, 2);
        second.Request("q", 3, 4, 5);
        var reply = Assert.Single(second.Replies);
        Assert.Equal((5L, SwitchErrorKind.QueueFull), (reply.Correlation, reply.Error));
    }

    [Fact]
    public void A_queue_is_bounded_in_bytes_but_takes_one_message_of_any_size()
    {
        var caller = world.Caller();
        caller.Send(new Request("large", caller.ReplyQueue, 1, 1000, new SwitchPayload(new byte[500])));
        Assert.Empty(caller.Replies);
        var other = world.Caller("other");
        other.Send(new Request("large", other.ReplyQueue, 2, 1000, new SwitchPayload(new byte[1])));
        Assert.Equal(SwitchErrorKind.QueueFull, Assert.Single(other.Replies).Error);
    }

    [Fact]
    public void A_client_over_its_share_is_not_read_until_its_requests_are_taken()
    {
        var caller = world.Caller();
        caller.Request("q", 1, 2);
        Assert.False(caller.Paused);
        caller.Request("q", 3);
        Assert.True(caller.Paused);
        world.Consumer("q", window: 1);
        Assert.False(caller.Paused);
        Assert.Empty(caller.Replies);
    }

    [Fact]
    public void A_paused_client_is_read_again_when_its_requests_expire()
    {
        var caller = world.Caller();
        caller.Request("q", 1, 2, 3);
        Assert.True(caller.Paused);
        world.Pass(TimeSpan.FromMinutes(1));
        Assert.False(caller.Paused);
        Assert.Equal(3, caller.Replies.Count);
    }

    [Fact]
    public void A_client_that_works_on_deliveries_is_refused_instead_of_paused()
    {
        // Its acknowledgement may be what everything waits for.
        var self = world.Caller();
        self.Subscribe("own", 1);
        self.Request("own", 1, 2, 3, 4);
        Assert.False(self.Paused);
        self.Request("own", 5);
        Assert.Equal((5L, SwitchErrorKind.QueueFull), (self.Replies[0].Correlation, self.Replies[0].Error));
        self.Acknowledge(self.Requests[0]);
        Assert.Equal([1, 2], self.Correlations);
    }

    [Fact]
    public void Nothing_is_delivered_to_a_congested_client_until_it_is_relieved()
    {
        var slow = world.Consumer("q", window: 3);
        slow.Congested = true;
        world.Caller().Request("q", 1, 2);
        Assert.Empty(slow.Requests);
        slow.Congested = false;
        world.Broker.Relieved(slow.Client);
        Assert.Equal([1, 2], slow.Correlations);
    }

    [Fact]
    public void A_reply_queue_that_nobody_reads_drops_what_does_not_fit()
    {
        var consumer = world.Consumer("q", window: 10);
        var caller = world.Caller();
        caller.Request("q", 1, 2, 3);
        caller.Request("q", 4);
        caller.Congested = true;
        for (var extra = 0; extra < 6; extra++)
        {
            consumer.Send(new Response(caller.ReplyQueue, extra, null, default));
        }

        Assert.Equal(2, world.Broker.DroppedReplies);
        caller.Congested = false;
        world.Broker.Relieved(caller.Client);
        Assert.Equal([0L, 1, 2, 3], caller.Replies.Select(reply => reply.Correlation));
    }

    [Fact]
    public void Subscriptions_and_windows_are_bounded()
    {
        var client = world.Peer("greedy");
        client.Subscribe("q", SwitchLimits.MaxWindow + 1);
        for (var queue = 0; queue <= SwitchLimits.MaxSubscriptionsPerClient; queue++)
        {
            client.Subscribe($"q{queue}", 1);
        }

        var refused = client.Received.OfType<CommandResult>().Where(result => result.Error is not null).ToList();
        Assert.Equal([SwitchErrorKind.TooMany, SwitchErrorKind.TooMany], refused.Select(result => result.Error));
        Assert.Contains(nameof(SwitchLimits.MaxWindow), refused[0].Text, StringComparison.Ordinal);
        Assert.Contains(nameof(SwitchLimits.MaxSubscriptionsPerClient), refused[1].Text, StringComparison.Ordinal);
    }
}
