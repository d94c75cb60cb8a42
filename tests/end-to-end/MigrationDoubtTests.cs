using Toolstack.EndToEnd.Client;
using Toolstack.EndToEnd.Pool;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>A pool that gives a migration up early whose end nobody tells.</summary>
public sealed class DoubtFixture : MatrixFixture
{
    protected override PoolOptions Options => base.Options with
    {
        XenopsdLines = [.. base.Options.XenopsdLines, "migration-ask-timeout = 1"],
        XapiLines = ["migration-doubt-timeout = 2"],
    };
}

/// <summary>A migration that fails although the VM arrived: whoever comes back finds the VM alive, and lets it be.</summary>
public sealed class MigrationDoubtTests(DoubtFixture fixture) : DeadlineTests, IClassFixture<DoubtFixture>
{
    private XenApiClient Client => fixture.Client;

    /// <summary>The target's xapi was away from before the end of the migration until long after the source gave up.</summary>
    [Fact]
    public async Task AVmThatArrivedWhileItsHostCouldNotBeAskedLivesOn()
    {
        var vm = await fixture.MachineAsync(Cancel);
        await BringToAsync(vm, 1);
        var before = await vm.VerifyMemoryAsync(Cancel);
        await fixture.DisturbAsync("cut", "send.point3-sent", Cancel);
        var task = await fixture.BeginMigrationAsync(vm.Ref, 2, Cancel);
        await fixture.WaitUntilCopyingAsync(task, Cancel);
        var target = fixture.Pool.Hosts[1];
        await target.Xapi.HoldDeadAsync();
        var failure = await Assert.ThrowsAsync<XenApiFailure>(() => Client.WaitForTaskAsync(task, null, Cancel));
        Assert.True(fixture.Disturbed);
        Assert.Equal("VM_MIGRATE_FAILED", failure.Code);
        Assert.Contains("in doubt", failure.Description[^1], StringComparison.Ordinal);
        Assert.Equal(("Paused", 1), (await vm.PowerStateAsync(Cancel), await fixture.ResidentOnAsync(vm.Ref, Cancel)));

        await target.Xapi.StartAsync(Cancel);
        await AssertLivesAsync(vm, before, 2);
    }

    /// <summary>The source's machine lost its power after it gave the VM away, and the target's xapi is started again before it is heard of.</summary>
    [Fact]
    public async Task AVmWhoseSourceDiedLivesOn()
    {
        var vm = await fixture.MachineAsync(Cancel);
        await BringToAsync(vm, 2);
        var before = await vm.VerifyMemoryAsync(Cancel);
        await fixture.DisturbAsync("cut", "receive.decided", Cancel);
        var task = await fixture.BeginMigrationAsync(vm.Ref, 1, Cancel);
        while (!fixture.Disturbed)
        {
            await Task.Delay(20, Cancel);
        }

        await fixture.Pool.Hosts[1].PowerOffAsync();
        await EndedAsync(task);
        var xapi = fixture.Pool.Coordinator.Xapi;
        var pid = xapi.Pid;
        xapi.Kill();
        await xapi.WaitForRestartAsync(pid, Cancel);
        while (await ResidenceAsync(vm) != ("Running", 1))
        {
            await Task.Delay(50, Cancel);
        }

        await fixture.Pool.Hosts[1].StartAsync(Cancel);
        await fixture.Pool.WaitUntilLiveAsync(Cancel);
        await AssertLivesAsync(vm, before, 1);
    }

    private async Task BringToAsync(RunningVm vm, int host)
    {
        if (await fixture.WaitUntilSettledAsync(Cancel) != host)
        {
            await fixture.MigrateAsync(vm.Ref, host, Cancel);
        }
    }

    /// <summary>The migration's task is over, or is forgotten with the daemon that had it.</summary>
    private async Task EndedAsync(string task)
    {
        try
        {
            await Client.WaitForTaskAsync(task, null, Cancel);
        }
        catch (XenApiFailure)
        {
            // It may have heard of the end or not.
        }
    }

    private async Task<(string, int)> ResidenceAsync(RunningVm vm)
    {
        try
        {
            return (await vm.PowerStateAsync(Cancel), await fixture.ResidentOnAsync(vm.Ref, Cancel));
        }
        catch (Exception error) when (error is XenApiFailure or HttpRequestException or IOException)
        {
            await fixture.LoginAgainAsync(error, Cancel);
            return ("", 0);
        }
    }

    private async Task AssertLivesAsync(RunningVm vm, GuestMemory before, int host)
    {
        Assert.Equal(host, await fixture.WaitUntilSettledAsync(Cancel));
        var after = await vm.VerifyMemoryAsync(Cancel);
        Assert.Equal((0L, before.Pages), (after.Errors, after.Pages));
        Assert.True(after.Counter >= before.Counter, $"the guest went back from {before.Counter} to {after.Counter}");
        await fixture.MigrateAsync(vm.Ref, 3 - host, Cancel);
        Assert.Equal(3 - host, await fixture.WaitUntilSettledAsync(Cancel));
    }
}
