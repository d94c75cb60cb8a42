using System.Buffers;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Toolstack.Interop.Xen.Xenstore;
using Toolstack.Tests.Xenstore;
using Toolstack.XenSimulator.Xenstore;
using Xunit;

namespace Toolstack.Tests.Fuzz;

/// <summary>Damaged, cut and reordered messages on the wire: an error or the end of that connection, never anything else, and the others
/// are served on.</summary>
public sealed class XenstoreFrameFuzzTests
{
    private static int Rounds => int.TryParse(
        Environment.GetEnvironmentVariable("FUZZ_ROUNDS"), NumberStyles.None, CultureInfo.InvariantCulture, out var rounds) ? rounds : 1500;

    [Fact]
    public async Task TheServerAgainstDamagedRequests()
    {
        await using var server = new XenstoreServer(NullLogger.Instance);
        using var witness = new RawPeer(server.Connect());
        Assert.Equal("8 OK|", await witness.CallAsync(8, "5|1|1|"));
        for (var seed = 0; seed < Rounds; seed++)
        {
            var damaged = Damaged(seed, Requests());
            using (var peer = new RawPeer(seed % 2 == 0 ? server.Connect() : server.ConnectGuest(5)))
            {
                await peer.SendBytesAsync(damaged);
            }

            Assert.StartsWith("2 ", await witness.CallAsync(2, "/|"), StringComparison.Ordinal);
            if (seed % 2 == 1)
            {
                await witness.CallAsync(8, "5|1|1|");
            }
        }

        Assert.InRange(server.Counts.Nodes, 1, 2 * Rounds);
    }

    [Fact]
    public async Task TheClientAgainstDamagedAnswers()
    {
        for (var seed = 0; seed < Rounds; seed++)
        {
            var (near, far) = DuplexPipe.Create();
            await using var client = XenstoreClient.Attach(near, "fuzz");
            Task[] calls =
            [
                client.ReadAsync("/a", default), client.DirectoryAsync("/a", default), client.GetPermissionsAsync("/a", default),
                client.WriteAsync("/a", "v", default), client.IsIntroducedAsync(5, default), client.WatchAsync("/a", default),
            ];
            await far.WriteAsync(Damaged(seed, Answers()));
            await far.DisposeAsync();
            try
            {
                await Task.WhenAll(calls).WaitAsync(TimeSpan.FromSeconds(60));
            }
            catch (Exception error) when (error is XenstoreError or XenstoreFormatException)
            {
                // The declared errors.
            }

            Assert.All(calls, call => Assert.True(call.IsCompleted));
        }
    }

    private static List<XenstorePacket> Requests() =>
    [
        XenstorePacket.Write(1, 0, "/a/b", "value"u8),
        XenstorePacket.Request(XenstoreOperation.TransactionStart, 2, 0, ""),
        XenstorePacket.Request(XenstoreOperation.Read, 3, 1, "/a/b"),
        XenstorePacket.Request(XenstoreOperation.SetPerms, 4, 1, "/a", "n0", "r5"),
        XenstorePacket.Request(XenstoreOperation.Watch, 5, 0, "/a", "token"),
        XenstorePacket.Request(XenstoreOperation.DirectoryPart, 6, 0, "/", "0"),
        XenstorePacket.Request(XenstoreOperation.Mkdir, 7, 1, "data/x"),
        XenstorePacket.Request(XenstoreOperation.Rm, 8, 0, "/a/b"),
        XenstorePacket.Request(XenstoreOperation.TransactionEnd, 9, 1, "T"),
        XenstorePacket.Request(XenstoreOperation.GetDomainPath, 10, 0, "5"),
    ];

    private static List<XenstorePacket> Answers() =>
    [
        new(XenstoreOperation.Read, 1, 0, "value"u8.ToArray()),
        XenstorePacket.Request(XenstoreOperation.Directory, 2, 0, "a", "b"),
        XenstorePacket.Request(XenstoreOperation.GetPerms, 3, 0, "n0", "r5"),
        XenstorePacket.Request(XenstoreOperation.Error, 4, 0, "EACCES"),
        XenstorePacket.Request(XenstoreOperation.WatchEvent, 0, 0, "/a", "1"),
        XenstorePacket.Request(XenstoreOperation.IsDomainIntroduced, 5, 0, "T"),
        XenstorePacket.Request(XenstoreOperation.Watch, 6, 0, "OK"),
    ];

    /// <summary>The messages in another order, then with bytes changed, added or cut.</summary>
    private static byte[] Damaged(int seed, List<XenstorePacket> packets)
    {
        var order = packets.ToArray();
        new Random(seed).Shuffle(order);
        var output = new ArrayBufferWriter<byte>();
        foreach (var packet in order)
        {
            packet.WriteTo(output);
        }

        return new Mutator(seed).Mutate(output.WrittenSpan.ToArray());
    }
}
