using Toolstack.EndToEnd.Client;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>What happens to a VM when its migration is disturbed in the middle: it stays where it was, whole, and can try again.</summary>
public sealed class MigrationFailureTests(SlowMigrationFixture fixture) : DeadlineTests, IClassFixture<SlowMigrationFixture>
{
    private const int MemoryMib = 128;

    private XenApiClient Client => fixture.Client;

    [Fact]
    public async Task KillingTheTargetsXenopsdLeavesTheVmOnTheSource()
    {
        await using var vm = await fixture.StartVmAsync(Cancel, MemoryMib);
        var before = await vm.VerifyMemoryAsync(Cancel);
        var task = await fixture.BeginMigrationAsync(vm.Ref, 2, Cancel);
        await fixture.WaitUntilCopyingAsync(task, Cancel);

        var xenopsd = fixture.Pool.Hosts[1].Xenopsd;
        var pid = xenopsd.Pid;
        xenopsd.Kill();
        var error = await Assert.ThrowsAsync<XenApiFailure>(() => Client.WaitForTaskAsync(task, null, Cancel));
        Assert.NotEqual("", error.Code);
        await AssertIntactAsync(vm, before);

        await xenopsd.WaitForRestartAsync(pid, Cancel);
        await fixture.MigrateAsync(vm.Ref, 2, Cancel);
        Assert.Equal(2, await fixture.ResidentOnAsync(vm.Ref, Cancel));
        Assert.Equal(0, (await vm.VerifyMemoryAsync(Cancel)).Errors);
    }

    [Fact]
    public async Task CancellingTheTaskLeavesTheVmOnTheSource()
    {
        await using var vm = await fixture.StartVmAsync(Cancel, MemoryMib);
        var before = await vm.VerifyMemoryAsync(Cancel);
        var task = await fixture.BeginMigrationAsync(vm.Ref, 2, Cancel);
        await fixture.WaitUntilCopyingAsync(task, Cancel);

        await Client.CallAsync("task.cancel", Cancel, task);
        while (await Client.TextAsync("task.get_status", Cancel, task) is "pending" or "cancelling")
        {
            await Task.Delay(50, Cancel);
        }

        Assert.Equal("cancelled", await Client.TextAsync("task.get_status", Cancel, task));
        await AssertIntactAsync(vm, before);
        await fixture.MigrateAsync(vm.Ref, 2, Cancel);
        Assert.Equal(2, await fixture.ResidentOnAsync(vm.Ref, Cancel));
    }

    [Fact]
    public async Task AnotherOperationWaitsForTheMigration()
    {
        await using var vm = await fixture.StartVmAsync(Cancel, MemoryMib);
        var task = await fixture.BeginMigrationAsync(vm.Ref, 2, Cancel);
        await fixture.WaitUntilCopyingAsync(task, Cancel);
        Assert.Contains("pool_migrate", ((Dictionary<string, object>)await Client.CallAsync("VM.get_current_operations", Cancel, vm.Ref)).Values);
        await Client.CallAsync("VM.pause", Cancel, vm.Ref);
        await Client.WaitForTaskAsync(task, null, Cancel);
        Assert.Equal(("Paused", 2), (await vm.PowerStateAsync(Cancel), await fixture.ResidentOnAsync(vm.Ref, Cancel)));
    }

    private async Task AssertIntactAsync(RunningVm vm, GuestMemory before)
    {
        Assert.Equal("Running", await vm.PowerStateAsync(Cancel));
        Assert.Equal(1, await fixture.ResidentOnAsync(vm.Ref, Cancel));
        var after = await vm.VerifyMemoryAsync(Cancel);
        Assert.Equal((0L, before.Pages), (after.Errors, after.Pages));
        Assert.True(after.Counter > before.Counter);
        Assert.Empty((Dictionary<string, object>)await Client.CallAsync("VM.get_current_operations", Cancel, vm.Ref));
    }
}
