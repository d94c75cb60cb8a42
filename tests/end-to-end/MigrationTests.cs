using Toolstack.EndToEnd.Client;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>VM.pool_migrate when nothing goes wrong.</summary>
public sealed class MigrationTests(PoolFixture fixture) : DeadlineTests, IClassFixture<PoolFixture>
{
    [Fact]
    public async Task ARunningVmGoesThereAndBackWithItsMemory()
    {
        await using var vm = await fixture.StartVmAsync(Cancel, memoryMib: 128);
        var before = await vm.VerifyMemoryAsync(Cancel);
        foreach (var host in (int[])[2, 1, 2])
        {
            await fixture.MigrateAsync(vm.Ref, host, Cancel);
            Assert.Equal(host, await fixture.ResidentOnAsync(vm.Ref, Cancel));
            Assert.Equal("Running", await vm.PowerStateAsync(Cancel));
            var after = await vm.VerifyMemoryAsync(Cancel);
            Assert.Equal((0L, before.Pages), (after.Errors, after.Pages));
            Assert.True(after.Counter > before.Counter);
            before = after;
        }
    }

    [Fact]
    public async Task TheTaskShowsProgressAndEndsInSuccess()
    {
        await using var vm = await fixture.StartVmAsync(Cancel, memoryMib: 256);
        var task = await fixture.BeginMigrationAsync(vm.Ref, 2, Cancel);
        var seen = new List<double>();
        var record = await fixture.Client.WaitForTaskAsync(task, seen.Add, Cancel);
        Assert.Equal("success", record["status"]);
        Assert.Equal(1.0, seen[^1]);
        Assert.Equal(seen.Order(), seen);
    }

    [Fact]
    public async Task AMigratedVmCanBePausedAndShutDown()
    {
        await using var vm = await fixture.StartVmAsync(Cancel);
        await fixture.MigrateAsync(vm.Ref, 2, Cancel);
        await fixture.Client.CallAsync("VM.pause", Cancel, vm.Ref);
        Assert.Equal("Paused", await vm.PowerStateAsync(Cancel));
        await fixture.Client.CallAsync("VM.unpause", Cancel, vm.Ref);
        await fixture.Client.CallAsync("VM.clean_shutdown", Cancel, vm.Ref);
        Assert.Equal("Halted", await vm.PowerStateAsync(Cancel));
    }

    [Fact]
    public async Task TwoVmsCrossEachOther()
    {
        await using var one = await fixture.StartVmAsync(Cancel, host: 1);
        await using var two = await fixture.StartVmAsync(Cancel, host: 2);
        await Task.WhenAll(fixture.MigrateAsync(one.Ref, 2, Cancel), fixture.MigrateAsync(two.Ref, 1, Cancel));
        Assert.Equal((2, 1), (await fixture.ResidentOnAsync(one.Ref, Cancel), await fixture.ResidentOnAsync(two.Ref, Cancel)));
        Assert.Equal((0L, 0L), ((await one.VerifyMemoryAsync(Cancel)).Errors, (await two.VerifyMemoryAsync(Cancel)).Errors));
    }

    [Fact]
    public async Task AVmMovesToANewDomainOfItsHost()
    {
        await using var vm = await fixture.StartVmAsync(Cancel);
        var before = await vm.VerifyMemoryAsync(Cancel);
        var domid = await fixture.Client.TextAsync("VM.get_domid", Cancel, vm.Ref);
        await fixture.MigrateAsync(vm.Ref, 1, Cancel);
        Assert.Equal(("Running", 1), (await vm.PowerStateAsync(Cancel), await fixture.ResidentOnAsync(vm.Ref, Cancel)));
        Assert.NotEqual(domid, await fixture.Client.TextAsync("VM.get_domid", Cancel, vm.Ref));
        var after = await vm.VerifyMemoryAsync(Cancel);
        Assert.Equal((0L, before.Pages), (after.Errors, after.Pages));
        Assert.True(after.Counter > before.Counter);
    }

    [Fact]
    public async Task ACompressedMigrationArrives()
    {
        await using var vm = await fixture.StartVmAsync(Cancel);
        var options = new Dictionary<string, string> { ["live"] = "true", ["compress"] = "true" };
        await fixture.Client.CallAsync("VM.pool_migrate", Cancel, vm.Ref, await fixture.HostRefAsync(2, Cancel), options);
        Assert.Equal(("Running", 2), (await vm.PowerStateAsync(Cancel), await fixture.ResidentOnAsync(vm.Ref, Cancel)));
        Assert.Equal(0, (await vm.VerifyMemoryAsync(Cancel)).Errors);
    }
}
