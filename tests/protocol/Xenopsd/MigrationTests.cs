using Xunit;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Migration;

namespace Toolstack.Tests.Xenopsd;

/// <summary>Two engines on simulated hosts, real sockets between them, and every way the conversation can break.</summary>
public sealed class MigrationTests
{
    [Fact]
    public async Task AVmMovesWithItsMemory()
    {
        await using var source = await TestHost.StartAsync();
        await using var destination = await TestHost.StartAsync();
        string vm = await source.RunVmAsync();
        string task = await source.MigrateAsync(vm, destination);
        await source.EndAsync(task);
        await destination.AssertRunsAsync(vm);
        await source.AssertEmptyAsync();
        Assert.Equal([vm], destination.Engine.Backend.ListDomains());
        Assert.Equal([vm], destination.Engine.Store.Ids);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)] // says nothing of zero frames: gets each of them whole
    public async Task ZeroFramesAreSparedWhereTheDestinationTakesThem(bool original)
    {
        await using var source = await TestHost.StartAsync();
        await using var destination = await TestHost.StartAsync(original: original);
        string vm = await source.RunVmAsync(memoryMib: 32, ("sim-working-set-mib", "4"), ("sim-dirty-pages-per-s", "0"));
        await source.EndAsync(await source.MigrateAsync(vm, destination));
        await destination.AssertRunsAsync(vm);
        Assert.InRange(destination.Xapi.MemoryBytes, (original ? 32 : 4) << 20, (original ? 34 : 6) << 20);
    }

    [Fact]
    public async Task CompressedMemoryArrivesWhole()
    {
        await using var source = await TestHost.StartAsync();
        await using var destination = await TestHost.StartAsync(original: true);
        string vm = await source.RunVmAsync(memoryMib: 32, ("sim-working-set-mib", "4"), ("sim-dirty-pages-per-s", "0"));
        await source.EndAsync(await source.MigrateAsync(vm, destination, compress: true));
        await destination.AssertRunsAsync(vm);
        // Frames of zeros are sent whole to an original destination, and cost next to nothing.
        Assert.InRange(destination.Xapi.MemoryBytes, 1 << 20, 8 << 20);
    }

    [Fact]
    public async Task APausedVmMovesAndStaysPaused()
    {
        await using var source = await TestHost.StartAsync();
        await using var destination = await TestHost.StartAsync();
        string vm = await source.RunVmAsync();
        await source.EndAsync(await source.Service.VmPause("test", vm, CancellationToken.None));
        await source.EndAsync(await source.MigrateAsync(vm, destination));
        Assert.Equal(PowerState.Paused, await destination.PowerStateAsync(vm));
        await source.AssertEmptyAsync();
        await destination.EndAsync(await destination.Service.VmUnpause("test", vm, CancellationToken.None));
        await destination.AssertRunsAsync(vm);
    }

    [Fact]
    public async Task AMigrationThatDoesNotConvergeIsGivenUpWhereTheCallerWantsThat()
    {
        await using var source = await TestHost.StartAsync();
        await using var destination = await TestHost.StartAsync();
        string vm = await source.RunVmAsync(memoryMib: 32, ("sim-dirty-pages-per-s", "50000"));
        const string Options = "#no-convergence=give-up&downtime-ms=1&max-iterations=2&bandwidth-mib=16";
        var failure = await source.FailureAsync(await source.MigrateAsync(vm, destination, options: Options));
        Assert.Contains("given up", Assert.IsType<XenopsErrorValue.Internal_error>(failure).message, StringComparison.Ordinal);
        await source.AssertRunsAsync(vm);
        await destination.AssertEmptyAsync();
        await source.EndAsync(await source.MigrateAsync(vm, destination, options: Options.Replace("give-up", "force", StringComparison.Ordinal)));
        await destination.AssertRunsAsync(vm);
    }

    /// <summary>Each pass and the whole, in the task's debug_info: the first had every frame, and did not outrun its limit.</summary>
    [Fact]
    public async Task AMigrationTellsWhatItDid()
    {
        await using var source = await TestHost.StartAsync();
        await using var destination = await TestHost.StartAsync();
        string vm = await source.RunVmAsync(memoryMib: 32, ("sim-working-set-mib", "8"), ("sim-dirty-pages-per-s", "50000"));
        string task = await source.MigrateAsync(vm, destination, options: "#max-iterations=2&downtime-ms=1&bandwidth-mib=64");
        await source.EndAsync(task);
        var told = (await source.Service.TaskStat("test", task, CancellationToken.None)).debug_info;
        Assert.Equal(["pass_1", "pass_2", "pass_3"], told.Keys.Where(static k => k.StartsWith("pass_", StringComparison.Ordinal)));
        var (first, whole) = (Figures(told["pass_1"]), Figures(told["migration"]));
        Assert.InRange(first["pages"], 32 << 8, (32 << 8) + 64);
        Assert.InRange(first["zero"], 20 << 8, (24 << 8) + 64);
        Assert.InRange(first["bytes"], 8 << 20, 12 << 20);
        Assert.True(first["dirtied"] > 0);
        Assert.Equal(0, Figures(told["pass_3"])["dirtied"]);
        Assert.InRange(whole["bytes"], new[] { "pass_1", "pass_2", "pass_3" }.Sum(pass => Figures(told[pass])["bytes"]), destination.Xapi.MemoryBytes);
        Assert.EndsWith(" stop=iteration limit", told["migration"], StringComparison.Ordinal);

        // Eight MiB at 64 a second: what the last batch may be early is far less.
        Assert.True(first["ms"] > 100, $"{first["ms"]} ms");

        static Dictionary<string, long> Figures(string line) => line.Split(' ').Select(static word => word.Split('='))
            .Where(static pair => pair.Length == 2 && long.TryParse(pair[1], out _)).ToDictionary(static pair => pair[0], static pair => long.Parse(pair[1]));
    }

    [Theory]
    [InlineData("#downtime-ms=0")]
    [InlineData("#max-iterations=many")]
    [InlineData("#bandwidth-mib=-1")]
    [InlineData("#no-convergence=perhaps")]
    [InlineData("#speed=1")]
    public async Task AnOptionThatIsNoneIsRefused(string options)
    {
        await using var host = await TestHost.StartAsync();
        string vm = await host.RunVmAsync(memoryMib: 16);
        var refused = await Assert.ThrowsAsync<XenopsError>(() => host.MigrateAsync(vm, host, options: options));
        Assert.Contains(options[1..].Split('=')[0], Assert.IsType<XenopsErrorValue.Internal_error>(refused.Value).message, StringComparison.Ordinal);
        await host.AssertRunsAsync(vm);
    }

    /// <summary>There is room for what the guest can do with, not for what it has.</summary>
    [Fact]
    public async Task AGuestWithABalloonTravelsWithTheLeastOfItsMemory()
    {
        await using var source = await TestHost.StartAsync();
        await using var destination = await TestHost.StartAsync(memoryMib: 40);
        string vm = await source.RunBalloonAsync(memoryMib: 64, leastMib: 16);
        await source.EndAsync(await source.MigrateAsync(vm, destination));
        await destination.AssertRunsAsync(vm);
        await source.AssertEmptyAsync();
    }

    [Fact]
    public async Task AGuestThatStaysGetsItsMemoryBack()
    {
        await using var source = await TestHost.StartAsync();
        await using var destination = await TestHost.StartAsync(memoryMib: 40);
        string vm = await source.RunBalloonAsync(memoryMib: 64, leastMib: 48);
        Assert.IsType<XenopsErrorValue.Not_enough_memory>(await source.FailureAsync(await source.MigrateAsync(vm, destination)));
        await source.AssertRunsAsync(vm);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (source.Engine.Backend.GetStatus(vm)!.MemoryActualBytes < 60 << 20)
        {
            await Task.Delay(5, deadline.Token);
        }
    }

    [Fact]
    public async Task AVmMovesThereAndBack()
    {
        await using var first = await TestHost.StartAsync();
        await using var second = await TestHost.StartAsync();
        string vm = await first.RunVmAsync();
        await first.EndAsync(await first.MigrateAsync(vm, second));
        await second.EndAsync(await second.MigrateAsync(vm, first));
        await first.AssertRunsAsync(vm);
        await second.AssertEmptyAsync();
    }

    [Fact]
    public async Task AVmMovesWithinItsHost()
    {
        await using var host = await TestHost.StartAsync();
        string vm = await host.RunVmAsync();
        await host.EndAsync(await host.MigrateAsync(vm, host));
        await host.AssertRunsAsync(vm);
        Assert.Equal([vm], host.Engine.Backend.ListDomains());
        Assert.Equal([vm], host.Engine.Store.Ids);
    }

    [Theory]
    [InlineData("vm", null, 0, false)] // point 1 does not come
    [InlineData("mem", null, 0, false)] // the memory connection is not taken
    [InlineData("vm", 0, null, false)] // its acknowledgement does not arrive
    [InlineData("mem", 0, null, false)] // no memory arrives
    [InlineData("mem", 1 << 20, null, false)] // the copy breaks off
    [InlineData("none", null, null, true)] // the conversation ends between points 2 and 3
    public async Task ABrokenConnectionLeavesTheVmOnItsSource(string kind, int? fromSource, int? fromDestination, bool atEndOfMemory)
    {
        await using var source = await TestHost.StartAsync();
        await using var destination = await TestHost.StartAsync(cut: new Cut(kind, fromSource, fromDestination, atEndOfMemory));
        string vm = await source.RunVmAsync();
        Assert.IsType<XenopsErrorValue.Internal_error>(await source.FailureAsync(await source.MigrateAsync(vm, destination)));
        await source.AssertRunsAsync(vm);
        Assert.Equal([vm], source.Engine.Store.Ids);
        await destination.AssertEmptyAsync();

        await using var other = await TestHost.StartAsync();
        await source.EndAsync(await source.MigrateAsync(vm, other));
        await other.AssertRunsAsync(vm);
    }

    [Fact]
    public async Task ADestinationWithoutMemorySaysSo()
    {
        await using var source = await TestHost.StartAsync();
        await using var destination = await TestHost.StartAsync(memoryMib: 16);
        string vm = await source.RunVmAsync();
        Assert.IsType<XenopsErrorValue.Not_enough_memory>(await source.FailureAsync(await source.MigrateAsync(vm, destination)));
        await source.AssertRunsAsync(vm);
        await destination.AssertEmptyAsync();
    }

    [Fact]
    public async Task ADestinationThatCannotRestoreSaysWhy()
    {
        await using var source = await TestHost.StartAsync();
        await using var destination = await TestHost.StartAsync(b => new FaultyBackend(b) { Restore = true });
        string vm = await source.RunVmAsync();
        var failure = await source.FailureAsync(await source.MigrateAsync(vm, destination));
        Assert.Equal(new XenopsErrorValue.Internal_error("this backend does not restore"), failure);
        await source.AssertRunsAsync(vm);
        await destination.AssertEmptyAsync();
    }

    [Fact]
    public async Task ASourceThatCannotRenameResumesTheVm()
    {
        await using var source = await TestHost.StartAsync(b => new FaultyBackend(b) { Rename = true });
        await using var destination = await TestHost.StartAsync();
        string vm = await source.RunVmAsync();
        Assert.IsType<XenopsErrorValue.IO_error>(await source.FailureAsync(await source.MigrateAsync(vm, destination)));
        await source.AssertRunsAsync(vm);
        await destination.AssertEmptyAsync();
    }

    [Fact]
    public async Task ACancelledMigrationLeavesTheVm()
    {
        await using var source = await TestHost.StartAsync(b => new FaultyBackend(b) { SlowSave = true });
        await using var destination = await TestHost.StartAsync();
        string vm = await source.RunVmAsync();
        string task = await source.MigrateAsync(vm, destination);
        await FaultyBackend.SaveStarted(source).WaitAsync(TimeSpan.FromSeconds(60));
        await source.Service.TaskCancel("test", task, CancellationToken.None);
        Assert.Equal(new XenopsErrorValue.Cancelled(task), await source.FailureAsync(task));
        await source.AssertRunsAsync(vm);
        await destination.AssertEmptyAsync();
    }

    [Fact]
    public async Task AHostThatIsNotThereCannotBeContacted()
    {
        await using var source = await TestHost.StartAsync();
        string vm = await source.RunVmAsync();
        var gone = await TestHost.StartAsync();
        string task;
        await using (gone)
        {
        }

        task = await source.MigrateAsync(vm, gone);
        Assert.IsType<XenopsErrorValue.Failed_to_contact_remote_service>(await source.FailureAsync(task));
        await source.AssertRunsAsync(vm);
    }

    [Fact]
    public async Task MetadataOfAVmThatDoesNotComeIsRemoved()
    {
        await using var destination = await TestHost.StartAsync(unclaimed: TimeSpan.FromMilliseconds(10));
        string stays = Guid.NewGuid().ToString();
        string comes = MigrationIds.Destination(stays);
        await destination.Service.VmAdd("test", TestHost.MakeVm(stays), CancellationToken.None);
        string metadata = await destination.Service.VmExportMetadata("test", stays, CancellationToken.None);
        await destination.Service.VmImportMetadata("test", metadata.Replace(stays, comes, StringComparison.Ordinal), CancellationToken.None);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (await destination.Service.VmExists("test", comes, deadline.Token))
        {
            await Task.Delay(5, deadline.Token);
        }

        Assert.Equal([stays], destination.Engine.Store.Ids);
    }

    [Fact]
    public async Task OperationsQueueBehindAMigration()
    {
        await using var source = await TestHost.StartAsync();
        await using var destination = await TestHost.StartAsync();
        string vm = await source.RunVmAsync();
        string migrate = await source.MigrateAsync(vm, destination);
        string pause = await source.Service.VmPause("test", vm, CancellationToken.None);
        await source.EndAsync(migrate);
        Assert.Equal(new XenopsErrorValue.Does_not_exist("VM", vm), await source.FailureAsync(pause));
        await destination.AssertRunsAsync(vm);
    }
}
