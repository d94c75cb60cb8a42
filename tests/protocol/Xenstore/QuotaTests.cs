using Toolstack.Interop.Xen.Xenstore;
using Xunit;
using static Toolstack.Tests.Xenstore.PermissionTests;

namespace Toolstack.Tests.Xenstore;

/// <summary>Limits of a guest, which domain 0 does not have.</summary>
public sealed class QuotaTests
{
    [Fact]
    public async Task NodesOwned()
    {
        await using var host = new StoreHost();
        var guest = await host.GuestAsync(5);
        var dom0 = await host.ConnectAsync();

        // The list of children of one node has a limit too: two levels. data is the guest's own first node.
        for (var i = 0; i < 9; i++)
        {
            await Task.WhenAll(Enumerable.Range(0, 100).Select(j => guest.WriteAsync($"data/{i}/{j}", "", StoreHost.Soon)));
        }

        await Task.WhenAll(Enumerable.Range(0, 89).Select(j => guest.WriteAsync($"data/9/{j}", "", StoreHost.Soon)));
        Assert.Equal("ENOSPC", await OutcomeAsync(guest.WriteAsync("data/10", "", StoreHost.Soon)));
        Assert.Equal("ENOSPC", await OutcomeAsync(guest.TransactionAsync(t =>
        {
            t.Write("data/10", "");
            return Task.CompletedTask;
        }, StoreHost.Soon)));
        await guest.RemoveAsync("data/8", StoreHost.Soon);
        await guest.WriteAsync("data/10", "", StoreHost.Soon);
        await dom0.WriteAsync("/local/domain/5/data/of-domain-0", "", StoreHost.Soon);
    }

    [Theory]
    [InlineData(2040, "ok")]
    [InlineData(2041, "ENOSPC")]
    public async Task NodeBytes(int length, string outcome)
    {
        await using var host = new StoreHost();
        var guest = await host.GuestAsync(5);
        Assert.Equal(outcome, await OutcomeAsync(guest.WriteAsync("data/x", new string('v', length), StoreHost.Soon)));
    }

    [Fact]
    public async Task WatchesTransactionsPermissionsAndPaths()
    {
        await using var host = new StoreHost();
        var guest = await host.GuestAsync(5);
        using (var dom0 = await host.RawAsync())
        {
            Assert.Equal("8 OK|", await dom0.CallAsync(8, "6|1|1|"));
        }

        using var raw = host.RawGuest(6);
        for (var i = 0; i < 128; i++)
        {
            Assert.Equal("4 OK|", await raw.CallAsync(4, $"x|{i}|"));
            Assert.Equal($"15 x|{i}|", await raw.TextAsync());
        }

        Assert.Equal("16 E2BIG|", await raw.CallAsync(4, "x|more|"));
        for (var i = 0; i < 10; i++)
        {
            Assert.StartsWith("6 ", await raw.CallAsync(6, "|"), StringComparison.Ordinal);
        }

        Assert.Equal("16 ENOSPC|", await raw.CallAsync(6, "|"));
        Assert.Equal("21 OK|", await raw.CallAsync(21, "|"));
        Assert.StartsWith("6 ", await raw.CallAsync(6, "|"), StringComparison.Ordinal);
        Assert.Equal("4 OK|", await raw.CallAsync(4, "x|more|"));
        await guest.SetPermissionsAsync("data", XenstorePermissions.Parse("n5 r1 r2 r3 r4"), StoreHost.Soon);
        Assert.Equal("ENOSPC", await OutcomeAsync(guest.SetPermissionsAsync("data", XenstorePermissions.Parse("n5 r1 r2 r3 r4 r6"), StoreHost.Soon)));
        var name = string.Join('/', Enumerable.Repeat(new string('n', 255), 8));
        Assert.Equal("ENOENT", await ReadOutcomeAsync(guest, "/local/domain/5/data/" + name[..2043]));
        Assert.Equal("EINVAL", await ReadOutcomeAsync(guest, "/local/domain/5/data/" + name[..2043] + "n"));

        static async Task<string> ReadOutcomeAsync(XenstoreClient client, string path) =>
            await OutcomeAsync(client.ReadAsync(path, StoreHost.Soon)) is var outcome && outcome == "ok" ? "ENOENT" : outcome;
    }

    [Fact]
    public async Task NodesOfOneTransaction()
    {
        await using var host = new StoreHost();
        var guest = await host.GuestAsync(5);
        Assert.Equal("ENOSPC", await OutcomeAsync(guest.TransactionAsync(async t =>
        {
            for (var i = 0; i < 1100; i++)
            {
                await t.ReadAsync($"data/{i}", StoreHost.Soon);
            }
        }, StoreHost.Soon)));
    }
}
