using Toolstack.Hosting.Switch.Wire;
using Toolstack.MessageSwitch;
using Xunit;

namespace Toolstack.Tests.Switch;

public sealed class DueHeapTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Messages_come_out_by_time_after_any_adding_moving_and_removing(int seed)
    {
#pragma warning disable CA5394 // a test's own sequence, the same every time
        var random = new Random(seed);
        var heap = new DueHeap();
        var queue = new BrokerQueue("q");
        var inside = new List<BrokerMessage>();
        for (var step = 0; step < 2000; step++)
        {
            if (inside.Count > 0 && random.Next(3) == 0)
            {
                var leaving = inside[random.Next(inside.Count)];
                heap.Remove(leaving);
                heap.Remove(leaving);
                inside.Remove(leaving);
            }
            else if (inside.Count > 0 && random.Next(3) == 0)
            {
                heap.Set(inside[random.Next(inside.Count)], random.Next(1000));
            }
            else
            {
                var message = new BrokerResponse(step, queue, new SwitchPayload(), "sender", default, 0, null);
                heap.Set(message, random.Next(1000));
                inside.Add(message);
            }

            Assert.Equal(inside.Count == 0 ? null : inside.Min(message => message.Due), heap.Next);
        }
#pragma warning restore CA5394

        var order = new List<long>();
        while (heap.DueBy(long.MaxValue) is { } next)
        {
            order.Add(next.Due);
            heap.Remove(next);
        }

        Assert.Equal(inside.Select(message => message.Due).Order(), order);
    }
}
