using Toolstack.EndToEnd.Client;
using Toolstack.EndToEnd.Pool;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>Daemons that die, and come back as their service manager would bring them.</summary>
public sealed class DaemonFailureTests(PoolFixture fixture) : DeadlineTests, IClassFixture<PoolFixture>
{
    private XenApiClient Client => fixture.Client;

    [Fact]
    public async Task TheSwitchDiesAndTheNextCallWorks()
    {
        await using var vm = await fixture.StartVmAsync(Cancel);
        foreach (var host in fixture.Pool.Hosts)
        {
            var pid = host.Switch.Pid;
            host.Switch.Kill();
            await host.Switch.WaitForRestartAsync(pid, Cancel);
        }

        await Client.CallAsync("VM.pause", Cancel, vm.Ref);
        await Client.CallAsync("VM.unpause", Cancel, vm.Ref);
        await fixture.MigrateAsync(vm.Ref, 2, Cancel);
        Assert.Equal(0, (await vm.VerifyMemoryAsync(Cancel)).Errors);
    }

    [Fact]
    public async Task ADeadTargetIsAnErrorAndTheVmStays()
    {
        await using var vm = await fixture.StartVmAsync(Cancel);
        var target = fixture.Pool.Hosts[1];
        await target.PowerOffAsync();
        try
        {
            var error = await Assert.ThrowsAsync<XenApiFailure>(() => fixture.MigrateAsync(vm.Ref, 2, Cancel));
            Assert.Contains(error.Code, (string[])["HOST_OFFLINE", "CANNOT_CONTACT_HOST", "VM_MIGRATE_CONTACT_REMOTE_SERVICE_FAILED"]);
            Assert.Equal(("Running", 1), (await vm.PowerStateAsync(Cancel), await fixture.ResidentOnAsync(vm.Ref, Cancel)));
            Assert.Equal(0, (await vm.VerifyMemoryAsync(Cancel)).Errors);
        }
        finally
        {
            await target.StartAsync(Cancel);
            await fixture.Pool.WaitUntilLiveAsync(Cancel);
        }

        await fixture.MigrateAsync(vm.Ref, 2, Cancel);
        Assert.Equal(2, await fixture.ResidentOnAsync(vm.Ref, Cancel));
    }

    [Fact]
    public async Task XapiDiesAndKnowsItsVmsAgain()
    {
        await using var vm = await fixture.StartVmAsync(Cancel);
        var xapi = fixture.Pool.Coordinator.Xapi;
        var pid = xapi.Pid;
        xapi.Kill();
        await xapi.WaitForRestartAsync(pid, Cancel);
        await fixture.Pool.WaitUntilLiveAsync(Cancel);
        await Client.LoginAsync(DevelopmentPool.User, fixture.Pool.Password, Cancel);
        Assert.Equal(("Running", 1), (await vm.PowerStateAsync(Cancel), await fixture.ResidentOnAsync(vm.Ref, Cancel)));
        await fixture.MigrateAsync(vm.Ref, 2, Cancel);
        Assert.Equal(0, (await vm.VerifyMemoryAsync(Cancel)).Errors);
    }
}
