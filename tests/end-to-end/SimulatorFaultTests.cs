using Toolstack.EndToEnd.Client;
using Toolstack.EndToEnd.Pool;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>The simulated machine fails by script: what its daemons make of it.</summary>
public sealed class SimulatorFaultTests(PoolFixture fixture) : DeadlineTests, IClassFixture<PoolFixture>
{
    private XenApiClient Client => fixture.Client;

    /// <summary>The machine dies in the midst of an operation, with every guest: the VM is halted then, and can be started again.</summary>
    [Fact]
    public async Task AMachineThatDiesAtACallTakesItsGuestsWithIt()
    {
        await using var vm = await fixture.StartVmAsync(Cancel, 16);
        var machine = fixture.Pool.Coordinator.Simulator;
        var pid = machine.Pid;
        using (var control = SimulatorControl.Open(fixture.Pool.Coordinator))
        {
            await control.FaultAsync("kill-at pause", Cancel);
        }

        await Assert.ThrowsAsync<XenApiFailure>(() => Client.CallAsync("VM.pause", Cancel, vm.Ref));
        await machine.WaitForRestartAsync(pid, Cancel);
        while (await vm.PowerStateAsync(Cancel) != "Halted")
        {
            await Task.Delay(50, Cancel);
        }

        await Client.CallAsync("VM.start_on", Cancel, vm.Ref, await fixture.HostRefAsync(1, Cancel), false, false);
        Assert.Equal(("Running", 0L), (await vm.PowerStateAsync(Cancel), (await vm.VerifyMemoryAsync(Cancel)).Errors));
    }

    /// <summary>The machine is killed under xenopsd, which lives on, and its VMs come back in another order, under each other's domids.</summary>
    [Fact]
    public async Task AMachineThatIsKilledGivesItsDomidsToOtherVms()
    {
        await using var first = await fixture.StartVmAsync(Cancel, 16);
        await using var second = await fixture.StartVmAsync(Cancel, 16);
        await using var third = await fixture.StartVmAsync(Cancel, 16);
        var host = fixture.Pool.Coordinator;
        var pid = host.Simulator.Pid;
        var keeper = host.Xenopsd.Pid;
        host.Simulator.Kill();
        await host.Simulator.WaitForRestartAsync(pid, Cancel);
        foreach (var vm in (RunningVm[])[first, second, third])
        {
            while (await vm.PowerStateAsync(Cancel) != "Halted")
            {
                await Task.Delay(50, Cancel);
            }
        }

        var here = await fixture.HostRefAsync(1, Cancel);
        foreach (var vm in (RunningVm[])[third, first])
        {
            await Client.CallAsync("VM.start_on", Cancel, vm.Ref, here, false, false);
            Assert.Equal(0L, (await vm.VerifyMemoryAsync(Cancel)).Errors);
        }

        Assert.Equal("Halted", await second.PowerStateAsync(Cancel));
        await fixture.MigrateAsync(third.Ref, 2, Cancel);
        Assert.Equal(0L, (await third.VerifyMemoryAsync(Cancel)).Errors);
        await Client.CallAsync("VM.clean_shutdown", Cancel, first.Ref);
        await Client.CallAsync("VM.start_on", Cancel, second.Ref, here, false, false);
        Assert.Equal(0L, (await second.VerifyMemoryAsync(Cancel)).Errors);
        Assert.Equal(keeper, host.Xenopsd.Pid);
        using var control = SimulatorControl.Open(host);
        Assert.Equal([await Client.TextAsync("VM.get_uuid", Cancel, second.Ref)], (await control.DomainsAsync(Cancel)).Select(static d => d.handle));
    }

    /// <summary>A guest that no longer looks at xenstore is ended all the same.</summary>
    [Fact]
    public async Task AGuestThatHangsIsShutDownHard()
    {
        await using var vm = await fixture.StartVmAsync(Cancel, 16);
        using var control = SimulatorControl.Open(fixture.Pool.Coordinator);
        await control.FaultAsync("guest-hang " + await Client.TextAsync("VM.get_domid", Cancel, vm.Ref), Cancel);
        try
        {
            await Client.CallAsync("VM.hard_shutdown", Cancel, vm.Ref);
            Assert.Equal("Halted", await vm.PowerStateAsync(Cancel));
        }
        finally
        {
            await control.ClearFaultsAsync(Cancel);
        }
    }
}
