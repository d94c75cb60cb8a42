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
