using Toolstack.Interop.Xen.Xenstore;
using Xunit;
using static Toolstack.Tests.Xenstore.PermissionTests;

namespace Toolstack.Tests.Xenstore;

public sealed class TransactionTests
{
    [Fact]
    public async Task NothingIsSeenBeforeTheCommitAndEventsComeWithIt()
    {
        await using var host = new StoreHost();
        var (client, other) = (await host.ConnectAsync(), await host.ConnectAsync());
        await using var watch = await other.WatchAsync("/t", StoreHost.Soon);
        Assert.Equal("/t", await watch.Events.ReadAsync(StoreHost.Soon));
        await client.TransactionAsync(async t =>
        {
            t.Write("/t/one", "1");
            t.Write("/t/two", "2", XenstorePermissions.Parse("n0 r5"));
            Assert.Equal("1", await t.ReadAsync("/t/one", StoreHost.Soon));
            Assert.Equal(["one", "two"], (await t.DirectoryAsync("/t", StoreHost.Soon)).Order(StringComparer.Ordinal));
            Assert.Null(await other.ReadAsync("/t/one", StoreHost.Soon));
            Assert.False(watch.Events.TryRead(out _));
        }, StoreHost.Soon);
        Assert.Equal("/t/one", await watch.Events.ReadAsync(StoreHost.Soon));
        Assert.Equal("/t/two", await watch.Events.ReadAsync(StoreHost.Soon));
        Assert.Equal("n0 r5", (await other.GetPermissionsAsync("/t/two", StoreHost.Soon))!.ToString());
    }

    /// <summary>What another peer does between a transaction's request and its commit, and what becomes of the commit.</summary>
    [Theory]
    [InlineData("2 /c/read", "11 /c/read|x", "EAGAIN")]
    [InlineData("2 /c/read", "13 /c/read", "EAGAIN")]
    [InlineData("2 /c/read", "14 /c/read|n0", "EAGAIN")]
    [InlineData("2 /c/read", "11 /c/other|x", "ok")]
    [InlineData("2 /c/read", "11 /c/read/below|x", "EAGAIN")]
    [InlineData("2 /c/none", "11 /c/none|x", "EAGAIN")]
    [InlineData("1 /c", "11 /c/new|x", "EAGAIN")]
    [InlineData("1 /c", "11 /c/read|x", "ok")]
    [InlineData("11 /c/mine|x", "11 /c/yours|x", "EAGAIN")]
    [InlineData("11 /c/read|x", "11 /c/yours|x", "ok")]
    [InlineData("11 /c/read|x", "11 /c/read|y", "EAGAIN")]
    [InlineData("13 /c/read", "11 /d|x", "ok")]
    public async Task Conflicts(string mine, string theirs, string outcome)
    {
        await using var host = new StoreHost();
        using var peer = await host.RawAsync();
        using var other = await host.RawAsync();
        await peer.CallAsync(11, "/c/read|v");
        await peer.CallAsync(11, "/c/other|v");
        await peer.CallAsync(11, "/d|v");
        var id = uint.Parse((await peer.CallAsync(6, "|"))[2..^1]);
        await peer.CallAsync(Type(mine), Payload(mine), id);
        await other.CallAsync(Type(theirs), Payload(theirs));
        Assert.Equal(outcome == "ok" ? "7 OK|" : "16 EAGAIN|", await peer.CallAsync(7, "T|", id));
        Assert.Equal("16 ENOENT|", await peer.CallAsync(7, "F|", id));

        static int Type(string text) => int.Parse(text.Split(' ')[0]);

        // A payload of one word has its end; a value has none; permissions have one.
        static string Payload(string text) => text.Split(' ')[1] + (text.StartsWith("11", StringComparison.Ordinal) ? "" : "|");
    }

    [Fact]
    public async Task RunsAgainUntilItIsAlone()
    {
        await using var host = new StoreHost();
        var clients = new[] { await host.ConnectAsync(), await host.ConnectAsync(), await host.ConnectAsync() };
        await clients[0].WriteAsync("/counter", "0", StoreHost.Soon);
        await Task.WhenAll(clients.Select(async client =>
        {
            for (var i = 0; i < 30; i++)
            {
                await client.TransactionAsync(async t =>
                {
                    var before = int.Parse((await t.ReadAsync("/counter", StoreHost.Soon))!);
                    t.Write("/counter", (before + 1).ToString());
                }, StoreHost.Soon);
            }
        }));
        Assert.Equal("90", await clients[0].ReadAsync("/counter", StoreHost.Soon));
    }

    [Fact]
    public async Task ABodyThatFailsCommitsNothing()
    {
        await using var host = new StoreHost();
        var guest = await host.GuestAsync(5);
        await Assert.ThrowsAsync<InvalidOperationException>(() => guest.TransactionAsync(t =>
        {
            t.Write("data/x", "v");
            throw new InvalidOperationException();
        }, StoreHost.Soon));
        Assert.Equal("EACCES", await OutcomeAsync(guest.TransactionAsync(t =>
        {
            t.Write("data/x", "v");
            t.Write("/forbidden", "v");
            t.Remove("data/none");
            return Task.CompletedTask;
        }, StoreHost.Soon)));
        Assert.Null(await guest.ReadAsync("data/x", StoreHost.Soon));
    }

    [Fact]
    public async Task ManyWritesMoreThanMayBeOnTheirWay()
    {
        await using var host = new StoreHost();
        var client = await host.ConnectAsync();
        await client.TransactionAsync(t =>
        {
            for (var i = 0; i < 5000; i++)
            {
                t.Write($"/many/{i}", i.ToString());
            }

            return Task.CompletedTask;
        }, StoreHost.Soon);
        var tree = await client.ReadTreeAsync("/many", 1, int.MaxValue, StoreHost.Soon);
        Assert.Equal(5001, tree.Count);
        Assert.Equal("4999", tree["4999"]);
        Assert.True((await client.ReadTreeAsync("/many", 1, 1000, StoreHost.Soon)).Count < 300);
        Assert.Single(await client.ReadTreeAsync("/many", 0, 1000, StoreHost.Soon));
    }

    [Fact]
    public async Task RefusedCommitsAreMadeAgain()
    {
        await using var host = new StoreHost();
        var client = await host.ConnectAsync();
        host.Server.RefuseCommits(8);
        var runs = 0;
        await client.TransactionAsync(t =>
        {
            runs++;
            t.Write("/x", runs.ToString());
            return Task.CompletedTask;
        }, StoreHost.Soon);
        Assert.Equal(9, runs);
        Assert.Equal("9", await client.ReadAsync("/x", StoreHost.Soon));
    }

    [Fact]
    public async Task NestingIsRefused()
    {
        await using var host = new StoreHost();
        using var peer = await host.RawAsync();
        var id = uint.Parse((await peer.CallAsync(6, "|"))[2..^1]);
        Assert.Equal("16 EBUSY|", await peer.CallAsync(6, "|", id));
        Assert.Equal("16 ENOENT|", await peer.CallAsync(2, "/|", id + 1));
        Assert.Equal("16 EINVAL|", await peer.CallAsync(7, "X|", id));
        Assert.Equal("7 OK|", await peer.CallAsync(7, "F|", id));
    }
}
