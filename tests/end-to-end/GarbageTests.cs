using System.Net;
using System.Net.Sockets;
using System.Text;
using Toolstack.EndToEnd.Pool;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>Nonsense on any socket ends that connection and nothing else.</summary>
public sealed class GarbageTests(PoolFixture fixture) : DeadlineTests, IClassFixture<PoolFixture>
{
    public static TheoryData<string> Sockets => ["xapi over TCP", "xapi", "switch", "hand-over"];

    [Theory]
    [MemberData(nameof(Sockets))]
    public async Task GarbageEndsItsConnectionOnly(string place)
    {
        var pids = fixture.Pool.Coordinator.Daemons.Select(daemon => daemon.Pid).ToArray();
        var random = new Random(2);
        foreach (var garbage in Samples(random))
        {
            await SendAsync(EndPoint(place), garbage);
        }

        Assert.Equal(pids, fixture.Pool.Coordinator.Daemons.Select(daemon => daemon.Pid));
        Assert.All(fixture.Pool.Coordinator.Daemons, daemon => Assert.True(daemon.Running, daemon.Name));
        Assert.Equal(2, ((object[])await fixture.Client.CallAsync("host.get_all", Cancel)).Length);
        await using var vm = await fixture.StartVmAsync(Cancel);
        Assert.Equal("Running", await vm.PowerStateAsync(Cancel));
    }

    private static IEnumerable<byte[]> Samples(Random random)
    {
        yield return [];
        yield return [0];
        yield return Encoding.ASCII.GetBytes("GET / HTTP/9.9\r\n\r\n");
        yield return Encoding.ASCII.GetBytes("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999\r\n\r\n<");
        yield return Encoding.ASCII.GetBytes("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n<methodCall><<<<>>>>");
        yield return Enumerable.Repeat((byte)0xff, 4096).ToArray();
        for (var size = 1; size <= 1 << 16; size *= 8)
        {
            var bytes = new byte[size];
            random.NextBytes(bytes);
            yield return bytes;
        }
    }

    private EndPoint EndPoint(string place)
    {
        var host = fixture.Pool.Coordinator;
        return place switch
        {
            "xapi over TCP" => new IPEndPoint(IPAddress.Parse(host.Address), host.Url.Port),
            "xapi" => new UnixDomainSocketEndPoint(host.XapiSocket),
            "switch" => new UnixDomainSocketEndPoint(host.SwitchSocket),
            _ => new UnixDomainSocketEndPoint(host.HandoverSocket),
        };
    }

    /// <summary>Sends, says that there is no more, and reads until the daemon ends the connection too.</summary>
    private async Task SendAsync(EndPoint place, byte[] garbage)
    {
        using var socket = new Socket(place.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(place, Cancel);
        try
        {
            await socket.SendAsync(garbage, Cancel);
            socket.Shutdown(SocketShutdown.Send);
            var answer = new byte[4096];
            while (await socket.ReceiveAsync(answer, Cancel) > 0)
            {
                // Whatever it says, it has to end.
            }
        }
        catch (SocketException)
        {
            // Ended by the daemon before we were through: just as good.
        }
    }
}
