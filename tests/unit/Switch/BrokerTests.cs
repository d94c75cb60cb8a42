using System.Text;
using Toolstack.Hosting.Switch;
using Toolstack.Hosting.Switch.Wire;
using Toolstack.MessageSwitch;
using Xunit;

namespace Toolstack.Tests.Switch;

public sealed class BrokerTests
{
    private readonly BrokerWorld world = new();

    [Fact]
    public void A_request_reaches_its_consumer_and_the_response_its_caller()
    {
        var consumer = world.Consumer("q", window: 1);
        var caller = world.Caller();
        caller.Request("q", 41, "ping");
        var delivery = Assert.Single(consumer.Requests);
        Assert.Equal(("q", false, caller.ReplyQueue, 41L, "ping"),
            (delivery.Queue, delivery.Redelivered, delivery.ReplyTo, delivery.Correlation, Text(delivery.Payload)));
        consumer.Answer(delivery, "pong");
        var reply = Assert.Single(caller.Replies);
        Assert.Equal((41L, null, "pong"), (reply.Correlation, reply.Error, Text(reply.Payload)));
        Assert.Equal(new QueueStatus("q", false, 1, 0, 0, 0), caller.Status("q"));
    }

    [Fact]
    public void A_window_holds_deliveries_back_until_one_is_acknowledged()
    {
        var consumer = world.Consumer("q", window: 2);
        var caller = world.Caller();
        caller.Request("q", 1, 2, 3, 4);
        Assert.Equal([1, 2], consumer.Correlations);
        consumer.Acknowledge(consumer.Requests[0]);
        Assert.Equal([1, 2, 3], consumer.Correlations);
        Assert.Equal((1, 2), (caller.Status("q").Waiting, caller.Status("q").Unacknowledged));
    }

    [Fact]
    public void Consumers_of_one_queue_share_it_in_turn()
    {
        var first = world.Consumer("q", window: 10);
        var second = world.Consumer("q", window: 10);
        world.Caller().Request("q", 1, 2, 3, 4);
        Assert.Equal([1, 3], first.Correlations);
        Assert.Equal([2, 4], second.Correlations);
    }

    [Fact]
    public void What_a_dead_consumer_did_not_acknowledge_goes_to_another_first_and_marked()
    {
        var first = world.Consumer("q", window: 3);
        world.Caller().Request("q", 1, 2, 3, 4, 5);
        first.Acknowledge(first.Requests[1]);
        var second = world.Peer("second");
        first.Die();
        second.Subscribe("q", 10);
        Assert.Equal([1, 3, 4, 5], second.Correlations);
        Assert.Equal([true, true, true, false], second.Requests.Select(request => request.Redelivered));
    }

    [Fact]
    public void A_returned_request_goes_to_another_consumer()
    {
        var first = world.Consumer("q", window: 1);
        world.Caller().Request("q", 1);
        var second = world.Consumer("q", window: 1);
        first.Send(new Unsubscribe(9, "q"));
        Assert.Empty(second.Requests);
        first.Send(new Return("q", first.Requests[0].Id));
        Assert.True(Assert.Single(second.Requests).Redelivered);
    }

    [Fact]
    public void An_acknowledgement_of_another_incarnation_or_consumer_settles_nothing()
    {
        var consumer = world.Consumer("q", window: 5);
        var caller = world.Caller();
        caller.Request("q", 1);
        var id = consumer.Requests[0].Id;
        consumer.Send(new Acknowledge("q", id with { Incarnation = id.Incarnation - 1 }));
        caller.Send(new Acknowledge("q", id));
        Assert.Equal(1, caller.Status("q").Unacknowledged);
        consumer.Send(new Acknowledge("q", id));
        consumer.Send(new Acknowledge("q", id));
        Assert.Equal(0, caller.Status("q").Unacknowledged);
    }

    [Fact]
    public void Numbers_grow_even_when_a_queue_is_made_again()
    {
        var consumer = world.Consumer("q", window: 5);
        var caller = world.Caller();
        caller.Request("q", 1);
        consumer.Send(new DestroyQueue(3, "q"));
        Assert.Single(consumer.Received.OfType<SubscriptionEnded>());
        consumer.Subscribe("q", 5);
        caller.Request("q", 2);
        Assert.True(consumer.Requests[1].Id.Number > consumer.Requests[0].Id.Number);
    }

    [Fact]
    public void A_request_nobody_serves_fails_after_the_grace_and_leaves_no_queue()
    {
        var caller = world.Caller();
        caller.Request("nobody", 1);
        world.Pass(world.Settings.NoConsumerGrace - TimeSpan.FromMilliseconds(1));
        Assert.Empty(caller.Replies);
        world.Pass(TimeSpan.FromMilliseconds(1));
        Assert.Equal(SwitchErrorKind.NoConsumer, Assert.Single(caller.Replies).Error);
        Assert.DoesNotContain("nobody", caller.List().Select(queue => queue.Name));
        Assert.Null(world.Broker.NextDue);
    }

    [Fact]
    public void A_consumer_that_comes_within_the_grace_gets_what_waited()
    {
        var caller = world.Caller();
        caller.Request("late", 1);
        world.Pass(world.Settings.NoConsumerGrace / 2);
        var consumer = world.Consumer("late", window: 1);
        Assert.Equal([1], consumer.Correlations);
        Assert.Null(world.Broker.NextDue);
    }

    [Fact]
    public void The_grace_starts_again_when_the_last_consumer_leaves()
    {
        var consumer = world.Consumer("q", window: 1);
        var caller = world.Caller();
        caller.Request("q", 1, 2);
        world.Pass(world.Settings.NoConsumerGrace * 2);
        consumer.Die();
        world.Pass(world.Settings.NoConsumerGrace / 2);
        Assert.Empty(caller.Replies);
        world.Pass(world.Settings.NoConsumerGrace);
        Assert.Equal([SwitchErrorKind.NoConsumer, SwitchErrorKind.NoConsumer], caller.Replies.Select(reply => reply.Error));
    }

    [Fact]
    public void A_request_whose_deadline_passed_is_dropped_and_its_caller_told()
    {
        var consumer = world.Consumer("q", window: 1);
        var caller = world.Caller();
        caller.Request("q", 1);
        caller.Send(new Request("q", caller.ReplyQueue, 2, 100, default));
        world.Pass(TimeSpan.FromMilliseconds(100));
        var reply = Assert.Single(caller.Replies);
        Assert.Equal((2L, SwitchErrorKind.DeadlineExpired), (reply.Correlation, reply.Error));
        consumer.Acknowledge(consumer.Requests[0]);
        Assert.Equal([1], consumer.Correlations);
    }

    [Fact]
    public void A_delivery_says_how_much_time_is_left()
    {
        var caller = world.Caller();
        caller.Send(new Request("q", caller.ReplyQueue, 1, 1000, default));
        world.Pass(TimeSpan.FromMilliseconds(300));
        Assert.Equal(700, Assert.Single(world.Consumer("q", window: 1).Requests).DeadlineMs);
    }

    [Fact]
    public void A_transient_queue_dies_with_its_client_and_so_do_the_requests_waiting_for_it()
    {
        var caller = world.Caller();
        caller.Request("q", 1);
        caller.Die();
        var consumer = world.Consumer("q", window: 1);
        Assert.Empty(consumer.Requests);
        Assert.Equal(["q"], consumer.List().Select(queue => queue.Name));
        consumer.Send(new Response(caller.ReplyQueue, 1, null, default));
        Assert.Equal(["q"], consumer.List().Select(queue => queue.Name));
    }

    [Fact]
    public void A_transient_queue_belongs_to_its_client()
    {
        var caller = world.Caller();
        var other = world.Peer("other");
        other.Send(new Subscribe(7, caller.ReplyQueue, 1));
        other.Send(new DestroyQueue(8, caller.ReplyQueue));
        Assert.Equal([SwitchErrorKind.NotOwner, SwitchErrorKind.NotOwner],
            other.Received.OfType<CommandResult>().Select(result => result.Error));
    }

    [Fact]
    public void A_queue_that_a_request_made_belongs_to_the_client_that_then_makes_it_transient()
    {
        var owner = world.Peer("owner");
        world.Caller().Request("t", 1);
        owner.Send(new CreateQueue(1, "t", Transient: true));
        Assert.True(Assert.Single(world.Broker.Statuses, queue => queue.Name == "t").Transient);
        var other = world.Peer("other");
        other.Send(new CreateQueue(1, "t", Transient: true));
        Assert.Equal(SwitchErrorKind.NotOwner, Assert.Single(other.Refusals));
        owner.Die();
        Assert.DoesNotContain(world.Broker.Statuses, queue => queue.Name == "t");
    }

    [Fact]
    public void Destroying_a_queue_tells_the_callers_that_wait_in_it()
    {
        var caller = world.Caller();
        caller.Request("q", 1);
        caller.Send(new DestroyQueue(3, "q"));
        Assert.Equal(SwitchErrorKind.QueueDestroyed, Assert.Single(caller.Replies).Error);
        Assert.Null(world.Broker.NextDue);
    }

    [Fact]
    public void A_request_without_reply_queue_is_delivered_and_one_with_a_wrong_one_breaks_the_protocol()
    {
        var consumer = world.Consumer("q", window: 1);
        var caller = world.Caller();
        caller.Send(new Request("q", "", 0, 1000, default));
        Assert.Equal("", Assert.Single(consumer.Requests).ReplyTo);
        var error = Assert.Throws<SwitchException>(() => caller.Send(new Request("q", "missing", 0, 1000, default)));
        Assert.Equal(SwitchErrorKind.Protocol, error.Kind);
    }

    [Fact]
    public void A_message_wakes_those_who_wait_for_its_queue_and_nobody_else()
    {
        var (one, other) = (world.Peer("one"), world.Peer("other"));
        var waits = world.Broker.Transfer(one.Client, -1, ["q"], TimeSpan.FromMinutes(1)).Wait!;
        var elsewhere = world.Broker.Transfer(other.Client, -1, ["elsewhere"], TimeSpan.FromMinutes(1)).Wait!;
        world.Caller().Request("q", 1);
        Assert.Equal([waits], world.Broker.Woken);
        Assert.Empty(waits.Queues[0].Watchers);
        Assert.Equal([elsewhere], elsewhere.Queues[0].Watchers);
    }

    [Fact]
    public void The_trace_holds_the_messages_themselves_not_copies_of_them()
    {
        var bytes = new byte[100];
        var caller = world.Caller();
        caller.Send(new Request("q", caller.ReplyQueue, 1, 1000, new SwitchPayload(bytes)));
        var traced = Assert.Single(world.Broker.Trace.From(0).Events).Message.Payload.Bytes;
        Assert.True(System.Runtime.InteropServices.MemoryMarshal.TryGetArray(traced, out var array));
        Assert.Same(bytes, array.Array);
    }

    private static string Text(SwitchPayload payload) => Encoding.UTF8.GetString(payload.Bytes.Span);
}
