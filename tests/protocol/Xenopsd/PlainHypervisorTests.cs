using System.Collections.Immutable;
using Microsoft.Extensions.Logging.Abstractions;
using Toolstack.Xenopsd.Atomics;
using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Operations;
using Toolstack.Xenopsd.State;
using Xunit;

namespace Toolstack.Tests.Xenopsd;

/// <summary>What becomes of requests that a hypervisor has no means for, as a real Xen without an emulator.</summary>
public sealed class PlainHypervisorTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task WhatItLacksIsNamed()
    {
        await using var host = await EngineHost.StartAsync(wrap: static h => new PlainHypervisor(h));
        string vm = await host.AddVmAsync();
        await host.RunAsync(vm);
        await host.Service.VusbAdd("test", new Vusb { id = (vm, "usb1"), path = "1-2" }, default);
        await LacksAsync(host, host.Service.VusbPlug("test", (vm, "usb1"), default), "USB");
        await LacksAsync(host, host.Service.VmS3Suspend("test", vm, default), "own memory");
        await LacksAsync(host, host.Service.VmS3Resume("test", vm, default), "own memory");
        Assert.Equal(PowerState.Running, await host.PowerStateAsync(vm));
        Assert.False((await host.Service.VusbStat("test", (vm, "usb1"), default)).state.plugged);

        // A VM that would miss its card does not start, and leaves nothing.
        string other = await host.AddVmAsync();
        await host.Service.VgpuAdd("test", new Vgpu { id = (other, "0"), implementation = new VgpuImplementation.MxGPU(new MxGpu()) }, default);
        await LacksAsync(host, host.Service.VmStart("test", other, false, default), "graphics cards");
        Assert.Equal(PowerState.Halted, await host.PowerStateAsync(other));
        Assert.Equal([vm], host.Engine.Backend.ListDomains());
    }

    /// <summary>A guest that asks for a soft reset where there is none is started anew.</summary>
    [Fact]
    public async Task AGuestThatCannotChangeItsKernelBeginsAnew()
    {
        await using var host = await EngineHost.StartAsync(wrap: static h => new PlainHypervisor(h));
        string vm = await host.AddVmAsync();
        await host.RunAsync(vm);
        int domid = host.Engine.Backend.GetStatus(vm)!.Domid;
        await host.ScriptAsync(vm, "soft-reset");
        var endings = new DomainEndings(host.Engine.Store, host.Engine.Backend, new PendingMigrations(host.In("none"), NullLogger.Instance), NullLogger.Instance);
        ImmutableArray<Atomic> plan = [];
        using var deadline = new CancellationTokenSource(Patience);
        while (plan.IsEmpty)
        {
            if (host.Engine.Backend.GetStatus(vm) is { } domain && domain.Domid != domid)
            {
                // This test was slower than the pause before a restart: it has begun anew.
                return;
            }

            plan = await endings.PlanForAsync(vm, deadline.Token);
        }

        Assert.DoesNotContain(plan, static step => step is Atomic.VM_softreboot);
        Assert.Contains(plan, static step => step is Atomic.VM_create);
    }

    /// <summary>A copy that a dead xenopsd left under way is over, and a hypervisor that cannot say so is no reason to lose the domain.</summary>
    [Fact]
    public async Task WhatADeadProcessLeftOnIsSwitchedOff()
    {
        List<PlainHypervisor> made = [];
        await using var host = await EngineHost.StartAsync(wrap: h =>
        {
            made.Add(new PlainHypervisor(h));
            return made[^1];
        });
        string vm = await host.AddVmAsync();
        await host.RunAsync(vm);
        Assert.Empty(made[0].Ended);
        await host.RestartAsync();
        Assert.Equal((await host.Service.VmStat("test", vm, default)).state.domids, made[1].Ended.Select(static d => (long)d));
        Assert.Contains(" errors=0 ", await host.ScriptAsync(vm, "verify-memory"), StringComparison.Ordinal);
    }

    private static async Task LacksAsync(EngineHost host, Task<string> task, string what)
    {
        var failed = Assert.IsType<TaskState.Failed>(await host.WaitAsync(await task));
        string text = Assert.IsType<XenopsErrorValue.Unimplemented>(failed.error).what;
        Assert.StartsWith("plain: ", text, StringComparison.Ordinal);
        Assert.Contains(what, text, StringComparison.Ordinal);
    }
}
