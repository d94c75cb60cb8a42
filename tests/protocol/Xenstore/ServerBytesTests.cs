using Toolstack.Interop.Xen.Xenstore;
using Toolstack.XenSimulator.Xenstore;
using Xunit;

namespace Toolstack.Tests.Xenstore;

/// <summary>Requests and replies of the server as bytes. <c>|</c> is NUL, the number is the type of the answer.</summary>
public sealed class ServerBytesTests
{
    [Fact]
    public async Task HeaderIsSixteenLittleEndianBytesAndEchoed()
    {
        await using var host = new StoreHost();
        using var peer = await host.RawAsync();
        await peer.SendBytesAsync([11, 0, 0, 0, 0x78, 0x56, 0x34, 0x12, 0, 0, 0, 0, 4, 0, 0, 0, (byte)'/', (byte)'a', 0, (byte)'v']);
        var reply = await peer.ReceiveAsync();
        Assert.Equal(XenstoreOperation.Write, reply!.Operation);
        Assert.Equal(0x12345678u, reply.RequestId);
        Assert.Equal(0u, reply.TransactionId);
        Assert.Equal("OK\0"u8.ToArray(), reply.Payload.ToArray());
    }

    [Fact]
    public async Task EveryOperationOfDomainZero()
    {
        await using var host = new StoreHost();
        using var peer = await host.RawAsync();
        (int Type, string Request, string Reply)[] steps =
        [
            (0, "check|", "0 OK|"), (0, "nonsense|", "16 EINVAL|"),
            (11, "/a/b|value", "11 OK|"), (2, "/a/b|", "2 value"), (2, "/a|", "2 "), (2, "/none|", "16 ENOENT|"),
            (1, "/a|", "1 b|"), (1, "/a/b|", "1 "), (12, "/a/c|", "12 OK|"), (12, "/a/c|", "12 OK|"), (1, "/a|", "1 b|c|"),
            (3, "/a|", "3 n0|"), (14, "/a|r3|b5|", "14 OK|"), (3, "/a|", "3 r3|b5|"), (14, "/a|x3|", "16 EINVAL|"), (14, "/a|", "16 EINVAL|"),
            (13, "/a/c|", "13 OK|"), (13, "/a/c|", "13 OK|"), (13, "/none/below|", "16 ENOENT|"), (13, "/|", "16 EINVAL|"),
            (10, "7|", "10 /local/domain/7|"), (17, "7|", "17 F|"), (8, "7|100|3|", "8 OK|"), (17, "7|", "17 T|"), (8, "7|100|0|", "16 EINVAL|"),
            (18, "7|", "18 OK|"), (19, "7|9|", "16 ENOENT|"), (9, "7|", "9 OK|"), (9, "7|", "16 ENOENT|"), (9, "x|", "16 EINVAL|"),
            (6, "|", "6 1|"), (21, "|", "21 OK|"), (20, "1|", "16 ENOSYS|"), (23, "|", "16 ENOSYS|"), (999, "", "16 ENOSYS|"), (15, "a|b|", "16 ENOSYS|"),
            (2, "/a/b", "16 EINVAL|"), (2, "relative|", "16 EINVAL|"), (2, "/a/|", "16 EINVAL|"), (2, "/a//b|", "16 EINVAL|"), (2, "/a.b|", "16 EINVAL|"),
            (2, "|", "16 EINVAL|"), (5, "/a|t|", "16 ENOENT|"), (4, "/a|", "16 EINVAL|"),
        ];
        foreach (var (type, request, reply) in steps)
        {
            Assert.Equal((type, request, reply), (type, request, await peer.CallAsync(type, request)));
        }
    }

    [Fact]
    public async Task ADirectoryBeyondOneMessageComesInParts()
    {
        await using var host = new StoreHost();
        using var peer = await host.RawAsync();
        var names = Enumerable.Range(0, 800).Select(i => $"child-{i:0000}").ToList();
        foreach (var name in names)
        {
            await peer.SendAsync(RawPeer.Packet(12, 1, 0, $"/many/{name}\0"));
        }

        foreach (var _ in names)
        {
            Assert.Equal("12 OK|", await peer.TextAsync());
        }

        Assert.Equal("16 E2BIG|", await peer.CallAsync(1, "/many|"));
        List<string> read = [];
        while (true)
        {
            var part = (await peer.CallAsync(22, $"/many|{read.Sum(name => name.Length + 1)}|"))[3..].Split('|');
            read.AddRange(part.Skip(1).Where(name => name.Length > 0));
            if (part is [.., "", ""])
            {
                break;
            }
        }

        Assert.Equal(names, read);
        var client = await host.ConnectAsync();
        Assert.Equal(names, (await client.DirectoryAsync("/many", StoreHost.Soon)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task ALengthBeyondTheLimitEndsTheConnectionOfThatPeerAlone()
    {
        await using var host = new StoreHost();
        using var bad = await host.RawAsync();
        using var good = await host.RawAsync();
        await bad.SendBytesAsync([2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0x10, 0, 0]);
        Assert.Equal("end", await bad.TextAsync());
        Assert.Equal("2 ", await good.CallAsync(2, "/|"));
    }

    [Fact]
    public async Task APeerThatTakesNothingIsDroppedAndHoldsUpNobody()
    {
        await using var host = new StoreHost(new XenstoreQuotas { SocketUnsentBytes = 200_000, PauseBytes = 1 << 20 });
        using var slow = await host.RawAsync();
        await slow.CallAsync(4, "/|t|");
        var client = await host.ConnectAsync();
        await client.ReadAsync("/", StoreHost.Soon);
        for (var round = 0; host.Server.Counts.Connections > 1; round++)
        {
            Assert.True(round < 1000, "the slow peer is still there");
            await Task.WhenAll(Enumerable.Range(0, 100).Select(i => client.WriteAsync($"/load/{round}-{i}/" + new string('x', 1000), "v", StoreHost.Soon)));
        }

        Assert.Equal(0, host.Server.Counts.Watches);
    }
}
