using Toolstack.Interop.Xen.Xenstore;
using Toolstack.Xenopsd.Contract;
using Xunit;

namespace Toolstack.Tests.Xenopsd;

/// <summary>The machine loses its domains while xenopsd lives, and gives their domids to others: no VM is taken for another, and nothing of the lost
/// domains stays.</summary>
public sealed class MachineLossTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task VmsStartInAnotherOrderUnderTheDomidsOfOthers()
    {
        await using var host = await TestHost.StartAsync(memoryMib: 512);
        await using var other = await TestHost.StartAsync(memoryMib: 512);
        string first = await host.RunBalloonAsync(64, 32);
        string second = await host.RunBalloonAsync(64, 32);
        string third = await host.RunBalloonAsync(64, 32);
        long[] before = [await DomidAsync(host, first), await DomidAsync(host, second), await DomidAsync(host, third)];

        await host.LoseMachineAsync();
        foreach (string vm in (string[])[first, second, third])
        {
            await HaltedAsync(host, vm);
        }

        // The last is the first now. Whoever looked at the domid alone would find it running already.
        await RunAsync(host, third);
        await RunAsync(host, second);
        Assert.Equal(before[0], await DomidAsync(host, third));
        Assert.Equal(before[1], await DomidAsync(host, second));
        Assert.Equal(PowerState.Halted, await host.PowerStateAsync(first));
        await host.AssertRunsAsync(third);
        await host.AssertRunsAsync(second);

        // Memory is shared among those that run, and what is theirs moves with them.
        await host.EndAsync(await host.Service.VmSetMemoryDynamicRange("test", third, 40L << 20, 48L << 20, default));
        await host.EndAsync(await host.MigrateAsync(third, other));
        await other.AssertRunsAsync(third);
        await RunAsync(host, first);
        await host.AssertRunsAsync(first);
        await host.AssertRunsAsync(second);
        await host.EndAsync(await host.Service.VmShutdown("test", second, 30, default));
        await host.EndAsync(await host.Service.VmShutdown("test", first, null, default));
        await host.Service.VmRemove("test", first, default);
        await host.Service.VmRemove("test", second, default);
        await host.AssertEmptyAsync();
        await AssertNoTreeAsync(host);
    }

    /// <summary>VMs that nobody starts again leave nothing either, whether xenopsd has a record of them or not.</summary>
    [Fact]
    public async Task TheEndOfADomainIsTheEndOfItsEntry()
    {
        await using var host = await TestHost.StartAsync();
        string known = await host.RunVmAsync();
        string forgotten = await host.RunVmAsync();
        host.Engine.Store.Remove(forgotten);
        await host.LoseMachineAsync();
        using var deadline = new CancellationTokenSource(Patience);
        while (host.Engine.Backend.ListDomains().Count > 0)
        {
            await Task.Delay(5, deadline.Token);
        }

        Assert.Equal(PowerState.Halted, await host.PowerStateAsync(known));
        await AssertNoTreeAsync(host);
    }

    /// <summary>A domain that the hypervisor does not end is not forgotten: it is the VM's until it is gone.</summary>
    [Fact]
    public async Task ADomainThatDoesNotEndIsEndedAgain()
    {
        await using var host = await TestHost.StartAsync();
        string vm = await host.RunVmAsync();
        await host.FaultAsync("fail destroy * 1 EBUSY");
        await host.FailureAsync(await host.Service.VmShutdown("test", vm, null, default));
        await HaltedAsync(host, vm);
        await AssertNoTreeAsync(host);
        await RunAsync(host, vm);
        await host.AssertRunsAsync(vm);
    }

    private static async Task<long> DomidAsync(TestHost host, string vm) => (await host.Service.VmStat("test", vm, default)).state.domids.Single();

    private static async Task RunAsync(TestHost host, string vm)
    {
        await host.EndAsync(await host.Service.VmStart("test", vm, false, default));
        await host.EndAsync(await host.Service.VmUnpause("test", vm, default));
    }

    /// <summary>While the machine is away nothing is known of its VMs.</summary>
    private static async Task HaltedAsync(TestHost host, string vm)
    {
        using var deadline = new CancellationTokenSource(Patience);
        while (true)
        {
            try
            {
                // A write that succeeds says that xenstore is there again too.
                await host.Engine.Backend.Devices.UpdateGuestAgentFeaturesAsync([], deadline.Token);
                if (await host.PowerStateAsync(vm) == PowerState.Halted)
                {
                    return;
                }
            }
            catch (Exception error) when (error is XenopsError or Toolstack.Interop.Linux.HypervisorError)
            {
                // Not yet back.
            }

            await Task.Delay(5, deadline.Token);
        }
    }

    private static async Task AssertNoTreeAsync(TestHost host)
    {
        await using var store = await host.ConnectStoreAsync();
        using var deadline = new CancellationTokenSource(Patience);
        foreach (string root in (string[])["/local/domain", "/xenops/domain", "/vm"])
        {
            while ((await store.DirectoryAsync(root, deadline.Token)).Any(static name => name != "0"))
            {
                await Task.Delay(5, deadline.Token);
            }
        }
    }
}
