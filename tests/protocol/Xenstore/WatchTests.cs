using Toolstack.Interop.Xen.Xenstore;
using Xunit;

namespace Toolstack.Tests.Xenstore;

public sealed class WatchTests
{
    [Fact]
    public async Task FiresFirstForItselfThenForWhatChangesAtOrBelow()
    {
        await using var host = new StoreHost();
        var (client, other) = (await host.ConnectAsync(), await host.ConnectAsync());
        await using var watch = await client.WatchAsync("/a/b", StoreHost.Soon);
        Assert.Equal("/a/b", await watch.Events.ReadAsync(StoreHost.Soon));
        await other.WriteAsync("/a/c", "not below", StoreHost.Soon);
        await other.WriteAsync("/a/b/d", "v", StoreHost.Soon);
        Assert.Equal("/a/b/d", await watch.Events.ReadAsync(StoreHost.Soon));
        await other.WriteAsync("/a/b/d", "v", StoreHost.Soon);
        Assert.Equal("/a/b/d", await watch.Events.ReadAsync(StoreHost.Soon));
        await other.SetPermissionsAsync("/a/b", XenstorePermissions.Parse("r0"), StoreHost.Soon);
        Assert.Equal("/a/b", await watch.Events.ReadAsync(StoreHost.Soon));
        await other.RemoveAsync("/a", StoreHost.Soon);
        Assert.Equal("/a/b", await watch.Events.ReadAsync(StoreHost.Soon));
        Assert.False(watch.Events.TryRead(out _));
    }

    [Fact]
    public async Task BytesOfWatchEventsAndOrderBeforeTheAnswer()
    {
        await using var host = new StoreHost();
        using var peer = await host.RawAsync();
        Assert.Equal("4 OK|", await peer.CallAsync(4, "/a|token one|"));
        Assert.Equal("15 /a|token one|", await peer.TextAsync());
        Assert.Equal("16 EEXIST|", await peer.CallAsync(4, "/a|token one|"));
        Assert.Equal("4 OK|", await peer.CallAsync(4, "/a|2|"));
        Assert.Equal("15 /a|2|", await peer.TextAsync());
        Assert.Equal("15 /a/b|token one|", await peer.CallAsync(11, "/a/b|v"));
        Assert.Equal("15 /a/b|2|", await peer.TextAsync());
        Assert.Equal("11 OK|", await peer.TextAsync());
        Assert.Equal("5 OK|", await peer.CallAsync(5, "/a|2|"));
        Assert.Equal("4 OK|", await peer.CallAsync(4, "@releaseDomain|r|"));
        Assert.Equal("15 @releaseDomain|r|", await peer.TextAsync());
        await peer.CallAsync(8, "4|1|1|");
        host.Server.DomainShutDown(4);
        host.Server.DomainShutDown(4);
        Assert.Equal("15 @releaseDomain|r|", await peer.TextAsync());
        Assert.Equal("18 OK|", await peer.CallAsync(18, "4|"));
        host.Server.DomainShutDown(4);
        Assert.Equal("15 @releaseDomain|r|", await peer.TextAsync());
    }

    [Fact]
    public async Task IntroductionIsToldOnce()
    {
        await using var host = new StoreHost();
        using var peer = await host.RawAsync();
        await peer.CallAsync(4, "@introduceDomain|i|");
        Assert.Equal("15 @introduceDomain|i|", await peer.TextAsync());
        Assert.Equal("15 @introduceDomain|i|", await peer.CallAsync(8, "4|1|1|"));
        Assert.Equal("8 OK|", await peer.TextAsync());
        Assert.Equal("8 OK|", await peer.CallAsync(8, "4|1|2|"));
        Assert.Equal("16 ENOENT|", await peer.CallAsync(9, "5|"));
    }

    [Fact]
    public async Task AGuestsRelativeWatchGivesRelativePathsAndOnlyOfWhatItMayRead()
    {
        await using var host = new StoreHost();
        var guest = await host.GuestAsync(5);
        var dom0 = await host.ConnectAsync();
        await using var watch = await guest.WatchAsync("data", StoreHost.Soon);
        await using var everything = await guest.WatchAsync("/", StoreHost.Soon);
        Assert.Equal("data", await watch.Events.ReadAsync(StoreHost.Soon));
        Assert.Equal("/", await everything.Events.ReadAsync(StoreHost.Soon));
        await dom0.WriteAsync("/secret", "v", StoreHost.Soon);
        await dom0.WriteAsync("/local/domain/5/data/x", "v", StoreHost.Soon);
        Assert.Equal("data/x", await watch.Events.ReadAsync(StoreHost.Soon));
        Assert.Equal("/local/domain/5/data/x", await everything.Events.ReadAsync(StoreHost.Soon));
    }

    [Fact]
    public async Task ASecondIntroductionTakesTheGuestsWatchesAndTransactions()
    {
        await using var host = new StoreHost();
        var guest = await host.GuestAsync(5);
        var dom0 = await host.ConnectAsync();
        await using var watch = await guest.WatchAsync("data", StoreHost.Soon);
        Assert.Equal(1, host.Server.Counts.Watches);
        await dom0.IntroduceAsync(5, 1, 1, StoreHost.Soon);
        Assert.Equal(0, host.Server.Counts.Watches);
    }

    [Fact]
    public async Task NoChangeIsLostHoweverSlowTheHandler()
    {
        await using var host = new StoreHost();
        var (client, other) = (await host.ConnectAsync(), await host.ConnectAsync());
        await using var watch = await client.WatchAsync("/n", StoreHost.Soon);
        Assert.Equal("/n", await watch.Events.ReadAsync(StoreHost.Soon));
        await Task.WhenAll(Enumerable.Range(0, 6000).Select(i => other.WriteAsync($"/n/{i}", "v", StoreHost.Soon)));
        await other.WriteAsync("/n/last", "v", StoreHost.Soon);
        HashSet<string> seen = [];
        while (!seen.Contains("/n/last"))
        {
            seen.Add(await watch.Events.ReadAsync(StoreHost.Soon));
        }

        // Either each path, or the one event that says to read everything again.
        Assert.True(seen.Contains("/n") || seen.Count == 6001, $"{seen.Count} paths");
    }

    [Fact]
    public async Task WaitUntilEndsWithTheConditionOrTheTimeAndLeavesNoWatch()
    {
        await using var host = new StoreHost();
        var (client, other) = (await host.ConnectAsync(), await host.ConnectAsync());
        var waiting = client.WaitUntilAsync(
            ["/x/state", "/y/state"],
            async cancel => await client.ReadAsync("/x/state", cancel) == "4" && await client.ReadAsync("/y/state", cancel) == "4",
            TimeSpan.FromSeconds(60),
            StoreHost.Soon);
        await other.WriteAsync("/x/state", "4", StoreHost.Soon);
        await other.WriteAsync("/y/state", "4", StoreHost.Soon);
        Assert.True(await waiting);
        Assert.False(await client.WaitUntilAsync(["/z"], _ => Task.FromResult(false), TimeSpan.FromMilliseconds(20), StoreHost.Soon));
        Assert.Equal(0, host.Server.Counts.Watches);
        using var stop = new CancellationTokenSource();
        var cancelled = client.WaitUntilAsync(["/z"], _ => Task.FromResult(false), TimeSpan.FromSeconds(60), stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        await other.ReadAsync("/", StoreHost.Soon);
        Assert.Equal(0, host.Server.Counts.Watches);
    }
}
