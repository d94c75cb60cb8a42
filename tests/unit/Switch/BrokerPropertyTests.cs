using Toolstack.Hosting.Switch;
using Toolstack.Hosting.Switch.Wire;
using Toolstack.MessageSwitch;
using Xunit;

namespace Toolstack.Tests.Switch;

/// <summary>Whatever clients do in whatever order: bounds hold, counts are right, every request ends in at most one of its ways per consumer, and when
/// all clients are gone nothing is left but what was stored.</summary>
public sealed class BrokerPropertyTests
{
    private const int Runs = 300;
    private const int Steps = 200;
    private static readonly string[] Queues = ["a", "b", "c"];

    [Fact]
    public void Nothing_is_lost_or_left_whatever_clients_do()
    {
        for (var seed = 0; seed < Runs; seed++)
        {
            try
            {
                new Run(seed).Play();
            }
            catch (Exception error)
            {
                throw new InvalidOperationException($"seed {seed}", error);
            }
        }
    }

    private sealed class Run(int seed)
    {
        private readonly Random random = new(seed);
        private readonly BrokerWorld world = new(new Settings { MaxQueueMessages = 20, MaxClientMessages = 10 });
        private readonly List<TestPeer> peers = [];
        private readonly Dictionary<TestPeer, int> acknowledged = [];
        private readonly List<SwitchPayload> payloads = [];
        private int made;
        private long correlation;

        internal void Play()
        {
            for (var step = 0; step < Steps; step++)
            {
                if (peers.Count < 4)
                {
                    peers.Add(world.Caller($"client{made++}"));
                }

                try
                {
                    Step(peers[random.Next(peers.Count)], Queues[random.Next(Queues.Length)]);
                }
                catch (SwitchException wrong) when (wrong.Kind == SwitchErrorKind.Protocol)
                {
                    // A client that breaks the protocol loses its connection, so it is not tried again; the broker stays as it was.
                }

                Check();
            }

            peers.ForEach(static peer => peer.Die());
            world.Pass(TimeSpan.FromDays(400));
            Assert.Null(world.Broker.NextDue);
            Assert.All(world.Broker.Statuses, static status => Assert.Equal((0, 0, 0L, false, 0), (status.Waiting, status.Unacknowledged, status.Bytes, status.Transient, status.Consumers)));
            Assert.All(payloads, static payload => Assert.True(payload.Sealed!.Handle.IsClosed));
        }

        private void Step(TestPeer peer, string queue)
        {
            switch (random.Next(14))
            {
                case 0:
                    peer.Subscribe(queue, random.Next(4));
                    break;
                case 1:
                    peer.Send(new CreateQueue(1, queue, false));
                    peer.Send(new Subscribe(2, queue, random.Next(4)) { Broadcast = true });
                    break;
                case 2:
                    peer.Send(new Unsubscribe(3, queue));
                    break;
                case 3 or 4 or 5:
                    peer.Send(new Request(queue, random.Next(4) == 0 ? "" : peer.ReplyQueue, ++correlation, random.Next(20_000), Payload()));
                    break;
                case 6 or 7 when Delivery(peer) is { } delivery:
                    if (delivery.ReplyTo.Length > 0)
                    {
                        peer.Send(new Response(delivery.ReplyTo, delivery.Correlation, null, default));
                    }

                    peer.Acknowledge(delivery);
                    break;
                case 8 when Delivery(peer) is { } delivery:
                    peer.Send(new Return(delivery.Queue, delivery.Id));
                    break;
                case 9:
                    peer.Send(new Cancel(queue, peer.ReplyQueue, random.NextInt64(correlation + 1)));
                    break;
                case 10 when random.Next(4) == 0:
                    peer.Send(new DestroyQueue(4, queue));
                    break;
                case 11 when random.Next(3) == 0:
                    peer.Die();
                    peers.Remove(peer);
                    break;
                case 12:
                    peer.Congested = !peer.Congested;
                    world.Broker.Relieved(peer.Client);
                    break;
                case 13:
                    world.Pass(TimeSpan.FromMilliseconds(random.Next(4000)));
                    break;
                default:
                    Transfer(peer, queue);
                    break;
            }
        }

        private void Transfer(TestPeer peer, string queue)
        {
            var found = world.Broker.Transfer(peer.Client, -1, [queue], TimeSpan.Zero);
            foreach (var message in found.Messages.Where(_ => random.Next(2) == 0))
            {
                world.Broker.Acknowledge(peer.Client, queue, message.Number);
            }
        }

        private RequestDelivery? Delivery(TestPeer peer)
        {
            var next = acknowledged.GetValueOrDefault(peer);
            acknowledged[peer] = next + 1;
            return next < peer.Requests.Count ? peer.Requests[next] : null;
        }

        private SwitchPayload Payload()
        {
            if (random.Next(20) > 0)
            {
                return new SwitchPayload(new byte[random.Next(100)]);
            }

            var large = SwitchPayload.Of(new byte[70_000]);
            payloads.Add(large);
            return large;
        }

        private void Check()
        {
            foreach (var status in world.Broker.Statuses)
            {
                Assert.InRange(status.Waiting + status.Unacknowledged, 0, world.Settings.MaxQueueMessages + 20);
                Assert.InRange(status.Unacknowledged, 0, int.MaxValue);
                Assert.InRange(status.Bytes, 0, long.MaxValue);
            }

            Assert.All(world.Broker.Diagnose(), queue => Assert.Equal(
                queue.Contents.Count, world.Broker.Statuses.Single(status => status.Name == queue.Name) is var status ? status.Waiting + status.Unacknowledged : -1));
            Assert.All(peers, static peer => Assert.InRange(peer.Client.WaitingMessages, 0, 10));
        }
    }
}
