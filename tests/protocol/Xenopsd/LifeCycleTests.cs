using Xunit;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Tests.Xenopsd;

/// <summary>The life of a VM through the queue interface, on the simulator.</summary>
public sealed class LifeCycleTests
{
    [Fact]
    public async Task StartPauseUnpauseShutdownRemove()
    {
        await using var host = await TestHost.StartAsync();
        string vm = await host.RunVmAsync();
        await host.AssertRunsAsync(vm);
        await host.EndAsync(await host.Service.VmPause("test", vm, CancellationToken.None));
        Assert.Equal(PowerState.Paused, await host.PowerStateAsync(vm));
        await host.EndAsync(await host.Service.VmUnpause("test", vm, CancellationToken.None));
        await host.EndAsync(await host.Service.VmShutdown("test", vm, 60, CancellationToken.None));
        Assert.Equal(PowerState.Halted, await host.PowerStateAsync(vm));
        await host.Service.VmRemove("test", vm, CancellationToken.None);
        await host.AssertEmptyAsync();
    }

    [Fact]
    public async Task ARebootMakesANewDomain()
    {
        await using var host = await TestHost.StartAsync();
        string vm = await host.RunVmAsync();
        long before = (await host.Service.VmStat("test", vm, CancellationToken.None)).state.domids[0];
        await host.EndAsync(await host.Service.VmReboot("test", vm, 60, CancellationToken.None));
        Assert.NotEqual(before, (await host.Service.VmStat("test", vm, CancellationToken.None)).state.domids[0]);
        await host.AssertRunsAsync(vm);
    }

    [Fact]
    public async Task ACrashedGuestIsShutDownByItsOwnPolicy()
    {
        await using var host = await TestHost.StartAsync();
        string vm = await host.RunVmAsync();
        long last = await host.Service.UpdatesLastId("test", CancellationToken.None);
        await host.ScriptAsync(vm, "crash");
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (await host.PowerStateAsync(vm) != PowerState.Halted)
        {
            (_, _, last) = await host.Service.UpdatesGet("test", last, 30, deadline.Token);
        }
    }

    [Fact]
    public async Task AHostWithoutMemoryRefusesAndKeepsNothing()
    {
        await using var host = await TestHost.StartAsync(memoryMib: 16);
        string vm = Guid.NewGuid().ToString();
        await host.Service.VmAdd("test", TestHost.MakeVm(vm), CancellationToken.None);
        Assert.IsType<XenopsErrorValue.Not_enough_memory>(
            await host.FailureAsync(await host.Service.VmStart("test", vm, false, CancellationToken.None)));
        Assert.Equal(PowerState.Halted, await host.PowerStateAsync(vm));
        Assert.Empty(host.Engine.Backend.ListDomains());
    }

    [Fact]
    public async Task PowerStatesAreChecked()
    {
        await using var host = await TestHost.StartAsync();
        string vm = await host.RunVmAsync();
        var refused = await Assert.ThrowsAsync<XenopsError>(() => host.Service.VmRemove("test", vm, CancellationToken.None));
        Assert.Equal(new XenopsErrorValue.Bad_power_state(PowerState.Running, PowerState.Halted), refused.Value);
        await host.EndAsync(await host.Service.VmShutdown("test", vm, null, CancellationToken.None));
        Assert.Equal(
            new XenopsErrorValue.Bad_power_state(PowerState.Halted, PowerState.Running),
            await host.FailureAsync(await host.Service.VmReboot("test", vm, null, CancellationToken.None)));
        Assert.Equal(
            new XenopsErrorValue.Does_not_exist("VM", "nobody"),
            await host.FailureAsync(await host.Service.VmStart("test", "nobody", false, CancellationToken.None)));
    }
}
