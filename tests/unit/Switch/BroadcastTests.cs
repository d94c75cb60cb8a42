using Toolstack.Hosting.Switch;
using Toolstack.Hosting.Switch.Wire;
using Xunit;

namespace Toolstack.Tests.Switch;

/// <summary>Consumers that get every message, alone and beside those who compete.</summary>
public sealed class BroadcastTests
{
    private readonly BrokerWorld world = new();

    [Fact]
    public void Every_broadcast_consumer_gets_every_message_and_those_who_compete_share_them()
    {
        var (one, two) = (Listener("one"), Listener("two"));
        var (first, second) = (world.Consumer("q", 10), world.Consumer("q", 10));
        world.Caller().Request("q", 1, 2, 3, 4);
        Assert.Equal([1, 2, 3, 4], one.Correlations);
        Assert.Equal([1, 2, 3, 4], two.Correlations);
        Assert.Equal([1, 3], first.Correlations);
        Assert.Equal([2, 4], second.Correlations);
    }

    [Fact]
    public void A_message_leaves_its_queue_when_all_who_got_it_acknowledged()
    {
        var (one, two) = (Listener("one"), Listener("two"));
        var worker = world.Consumer("q", 1);
        var caller = world.Caller();
        caller.Request("q", 1);
        foreach (var consumer in new[] { worker, one, two })
        {
            Assert.Equal(1, caller.Status("q").Unacknowledged);
            consumer.Acknowledge(consumer.Requests[0]);
        }

        Assert.Equal(new QueueStatus("q", false, 3, 0, 0, 0), caller.Status("q"));
    }

    [Fact]
    public void A_window_of_one_consumer_holds_nobody_else_back()
    {
        var slow = Listener("slow", window: 1);
        var quick = Listener("quick");
        world.Caller().Request("q", 1, 2, 3);
        Assert.Equal([1], slow.Correlations);
        Assert.Equal([1, 2, 3], quick.Correlations);
        slow.Acknowledge(slow.Requests[0]);
        Assert.Equal([1, 2], slow.Correlations);
    }

    [Fact]
    public void What_waited_goes_to_the_first_that_come_and_not_to_later_ones()
    {
        var caller = world.Caller();
        caller.Request("q", 1);
        var one = Listener("one");
        Assert.Equal([1], one.Correlations);
        var late = world.Consumer("q", 5);
        var other = Listener("other");
        Assert.Empty(late.Requests);
        Assert.Empty(other.Requests);
        Assert.Equal(0, caller.Status("q").Waiting);
    }

    [Fact]
    public void When_the_only_ones_that_have_it_die_it_is_delivered_to_another_and_marked()
    {
        var (one, two) = (Listener("one"), Listener("two"));
        var caller = world.Caller();
        caller.Request("q", 1, 2);
        one.Acknowledge(one.Requests[0]);
        one.Die();
        two.Die();

        // Somebody acknowledged the first; the second nobody.
        var worker = world.Consumer("q", 5);
        Assert.Equal([2], worker.Correlations);
        Assert.True(worker.Requests[0].Redelivered);
        worker.Acknowledge(worker.Requests[0]);
        Assert.Equal(0, caller.Status("q").Unacknowledged);
    }

    [Fact]
    public void When_the_last_that_competes_leaves_what_was_broadcast_does_not_wait_for_another()
    {
        var worker = world.Consumer("q", 1);
        var listener = Listener("listener");
        var caller = world.Caller();
        caller.Request("q", 1, 2);
        Assert.Equal((1, 1), (caller.Status("q").Waiting, worker.Requests.Count));
        worker.Send(new Unsubscribe(9, "q"));
        worker.Acknowledge(worker.Requests[0]);
        listener.Acknowledge(listener.Requests[0]);
        listener.Acknowledge(listener.Requests[1]);
        Assert.Equal(new QueueStatus("q", false, 1, 0, 0, 0), caller.Status("q"));
    }

    [Fact]
    public void One_that_no_listener_was_given_in_time_is_dropped_and_its_caller_told()
    {
        var slow = Listener("slow", window: 1);
        var caller = world.Caller();
        caller.Request("q", 1);
        caller.Send(new Request("q", caller.ReplyQueue, 2, 100, default));
        world.Pass(TimeSpan.FromMilliseconds(100));
        Assert.Equal((2L, SwitchErrorKind.DeadlineExpired), (caller.Replies[0].Correlation, caller.Replies[0].Error));
        slow.Acknowledge(slow.Requests[0]);
        Assert.Equal([1], slow.Correlations);
        Assert.Equal(new QueueStatus("q", false, 1, 0, 0, 0), caller.Status("q"));
        Assert.Null(world.Broker.NextDue);
    }

    [Fact]
    public void Destroying_the_queue_tells_the_callers_of_what_nobody_was_given()
    {
        var slow = Listener("slow", window: 1);
        var caller = world.Caller();
        caller.Request("q", 1, 2);
        caller.Send(new DestroyQueue(9, "q"));
        Assert.Equal((2L, SwitchErrorKind.QueueDestroyed), (Assert.Single(caller.Replies).Correlation, caller.Replies[0].Error));
        Assert.Single(slow.Received.OfType<SubscriptionEnded>());
        Assert.Null(world.Broker.NextDue);
    }

    [Fact]
    public void The_way_of_consuming_cannot_change_in_between()
    {
        var consumer = world.Consumer("q", 1);
        Assert.Throws<SwitchException>(() => consumer.Send(new Subscribe(9, "q", 1) { Broadcast = true }));
    }

    [Fact]
    public void A_sealed_payload_is_held_until_the_last_of_them_is_done()
    {
        var (one, two) = (Listener("one"), Listener("two"));
        var caller = world.Caller();
        var payload = SwitchPayload.Of(new byte[100_000]);
        caller.Send(new Request("q", caller.ReplyQueue, 1, 30_000, payload));
        one.Acknowledge(one.Requests[0]);
        Assert.False(payload.Sealed!.Handle.IsClosed);
        two.Acknowledge(two.Requests[0]);
        Assert.True(payload.Sealed.Handle.IsClosed);
    }

    private TestPeer Listener(string name, int window = 10)
    {
        var peer = world.Peer(name);
        peer.Send(new CreateQueue(1, "q", Transient: false));
        peer.Send(new Subscribe(2, "q", window) { Broadcast = true });
        return peer;
    }
}
