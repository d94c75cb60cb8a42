using Toolstack.Hosting.Switch;
using Toolstack.Hosting.Switch.Wire;
using Toolstack.MessageSwitch;
using Xunit;

namespace Toolstack.Tests.Switch;

/// <summary>Who may consume and destroy what; cancellation; how many descriptors the switch holds.</summary>
public sealed class BrokerAccessTests
{
    private readonly BrokerWorld world = new(new Settings { MaxClientBytes = long.MaxValue, MaxQueueBytes = long.MaxValue });

    [Fact]
    public void A_persistent_queue_belongs_to_the_user_of_its_first_consumer()
    {
        var owner = world.Peer("owner", user: 1000);
        owner.Subscribe("q", 1);
        var other = world.Peer("other", user: 1001);
        other.Send(new Subscribe(7, "q", 1));
        other.Send(new DestroyQueue(8, "q"));
        Assert.Equal([SwitchErrorKind.NotOwner, SwitchErrorKind.NotOwner], other.Refusals);
        var same = world.Peer("same", user: 1000);
        same.Send(new Subscribe(7, "q", 1));
        var root = world.Peer("root", user: 0);
        root.Send(new Subscribe(7, "q", 1));
        root.Send(new DestroyQueue(8, "q"));
        Assert.Empty(same.Refusals.Concat(root.Refusals));
    }

    [Fact]
    public void Before_anybody_consumes_a_queue_only_its_creator_and_root_may_destroy_it_but_everybody_may_begin_to_consume()
    {
        var creator = world.Peer("creator", user: 1000);
        creator.Send(new CreateQueue(1, "q", false));
        var other = world.Peer("other", user: 1001);
        other.Send(new DestroyQueue(8, "q"));
        Assert.Equal([SwitchErrorKind.NotOwner], other.Refusals);
        other.Send(new Subscribe(7, "q", 1));
        Assert.Single(other.Refusals);
        creator.Send(new DestroyQueue(8, "q"));
        Assert.Equal([SwitchErrorKind.NotOwner], creator.Refusals);
    }

    [Fact]
    public void Users_of_the_original_protocol_are_held_to_the_same()
    {
        var owner = Broker.Attach(world.Peer("x"), "owner", 1000);
        var other = Broker.Attach(world.Peer("y"), "other", 1001);
        world.Broker.CreateQueue(owner, "q", transient: false);
        world.Broker.Transfer(owner, -1, ["q"], TimeSpan.Zero);
        var number = world.Broker.Store(other, "q", "r", new SwitchPayload(new byte[1]))!.Value;
        Assert.Throws<SwitchException>(() => world.Broker.Transfer(other, -1, ["q"], TimeSpan.Zero));
        Assert.Throws<SwitchException>(() => world.Broker.Acknowledge(other, "q", number));
        Assert.Throws<SwitchException>(() => world.Broker.DestroyQueue(other, "q"));
        Assert.True(world.Broker.Acknowledge(owner, "q", number));
    }

    [Fact]
    public void A_cancelled_request_that_waits_is_dropped_and_one_that_is_worked_on_is_announced()
    {
        var consumer = world.Consumer("q", 1);
        var caller = world.Caller();
        caller.Request("q", 1, 2);
        caller.Send(new Cancel("q", caller.ReplyQueue, 2));
        Assert.Equal((2L, SwitchErrorKind.Cancelled), (Assert.Single(caller.Replies).Correlation, caller.Replies[0].Error));
        Assert.Empty(consumer.Received.OfType<Cancelled>());
        caller.Send(new Cancel("q", caller.ReplyQueue, 1));
        Assert.Equal(consumer.Requests[0].Id, Assert.Single(consumer.Received.OfType<Cancelled>()).Id);
        consumer.Acknowledge(consumer.Requests[0]);
        Assert.Single(consumer.Requests);
        Assert.Null(world.Broker.NextDue);
    }

    [Fact]
    public void Nobody_cancels_another_s_request()
    {
        world.Consumer("q", 1);
        var caller = world.Caller();
        caller.Request("q", 1, 2);
        world.Peer("other").Send(new Cancel("q", caller.ReplyQueue, 2));
        Assert.Equal(1, caller.Status("q").Waiting);
    }

    [Fact]
    public void Descriptors_of_one_client_are_bounded()
    {
        var caller = world.Caller();
        using var content = SealedPayload.TryCreate(new byte[100_000])!;
        for (var number = 0; number <= SwitchLimits.MaxSealedPayloadsPerClient; number++)
        {
            caller.Send(new Request($"q{number / 100}", caller.ReplyQueue, number, 30_000, new SwitchPayload(content)));
        }

        var refused = Assert.Single(caller.Replies);
        Assert.Equal(((long)SwitchLimits.MaxSealedPayloadsPerClient, SwitchErrorKind.QueueFull), (refused.Correlation, refused.Error));
        for (var queue = 0; queue <= SwitchLimits.MaxSealedPayloadsPerClient / 100; queue++)
        {
            caller.Send(new DestroyQueue(5, $"q{queue}"));
        }

        Assert.Equal(0, caller.Client.SealedPayloads);
    }

    [Fact]
    public void Descriptors_of_taken_requests_count_until_they_are_done_with()
    {
        var consumer = world.Consumer("q", 5);
        var caller = world.Caller();
        caller.Send(new Request("q", caller.ReplyQueue, 1, 30_000, SwitchPayload.Of(new byte[100_000])));
        Assert.Equal(1, caller.Client.SealedPayloads);
        consumer.Acknowledge(consumer.Requests[0]);
        Assert.Equal(0, caller.Client.SealedPayloads);
    }
}
