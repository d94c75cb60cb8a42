using System.Diagnostics;
using System.Globalization;
using Toolstack.Interop.Linux;
using Toolstack.Interop.Xen.Xenstore;
using Toolstack.Xenopsd.Contract;
using Xunit;

namespace Toolstack.Tests.Xenopsd;

/// <summary>What is asked of guests and of back ends beside starting and stopping, through the interface and the executor.</summary>
public sealed class GuestRequestTests
{
    private const string Xvda = "51712";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task AGuestSleepsInItsOwnMemoryAndWakes()
    {
        await using var host = await TestHost.StartAsync();
        string vm = await host.RunVmAsync();
        string deaf = await host.RunVmAsync(32, ("sim-ignore-shutdown", "true"));
        await host.EndAsync(await host.Service.VmS3Suspend("test", vm, default));
        await host.EndAsync(await host.Service.VmS3Suspend("test", vm, default));
        string counter = await InspectAsync(host, vm);
        await host.AssertRunsAsync(deaf);
        Assert.Equal(counter, await InspectAsync(host, vm));
        Assert.Equal(PowerState.Running, await host.PowerStateAsync(vm));
        await host.EndAsync(await host.Service.VmS3Resume("test", vm, default));
        await host.EndAsync(await host.Service.VmS3Resume("test", vm, default));
        await host.AssertRunsAsync(vm);
    }

    /// <summary>The guest starts another kernel in its memory: same domain, same memory, devices anew.</summary>
    [Fact]
    public async Task AGuestThatChangesItsKernelKeepsItsDomain()
    {
        await using var host = await EngineHost.StartAsync();
        string vm = await host.AddVmAsync();
        await host.RunAsync(vm);
        long domid = (await host.Service.VmStat("test", vm, default)).state.domids.Single();
        for (int i = 0; i < 2; i++)
        {
            await ConnectedAsync(host, domid);
            await host.ScriptAsync(vm, "soft-reset");
            await RunsAgainAsync(host, vm);
            Assert.Equal(domid, (await host.Service.VmStat("test", vm, default)).state.domids.Single());
        }

        await ConnectedAsync(host, domid);
        Assert.True((await host.Service.VbdStat("test", (vm, "xvda"), default)).state.plugged);
        Assert.True((await host.Service.VifStat("test", (vm, "0"), default)).state.plugged);
        Assert.Contains(" errors=0 ", await host.ScriptAsync(vm, "verify-memory"), StringComparison.Ordinal);

        // Its requests are heard as before.
        await host.EndAsync(await host.Service.VmShutdown("test", vm, 60, default));
        Assert.Equal(PowerState.Halted, await host.PowerStateAsync(vm));
    }

    /// <summary>Nobody sets the priority: it comes in force when the back end names its thread.</summary>
    [Fact]
    public async Task TheThreadOfABackEndGetsThePriorityOfItsDisk()
    {
        await using var host = await EngineHost.StartAsync();
        string vm = await host.AddVmAsync();
        var vbd = (await host.Service.VbdStat("test", (vm, "xvda"), default)).vbd;
        await host.Service.VbdAdd("test", vbd with { qos = new VbdQos.Ionice(new IoScheduling.BestEffort(new IoClass.Low())) }, default);
        await host.RunAsync(vm);
        long domid = (await host.Service.VmStat("test", vm, default)).state.domids.Single();
        using var thread = Process.Start("sleep", "1000");
        try
        {
            await using var store = await host.ConnectStoreAsync();
            await store.WriteAsync($"/local/domain/0/backend/vbd/{domid}/{Xvda}/kthread-pid", thread.Id.ToString(CultureInfo.InvariantCulture), default);
            await EventuallyAsync(() => Task.FromResult(IoPriority.Get(thread.Id) == (IoPriorityClass.BestEffort, 6)));
            Assert.Equal(new VbdQos.Ionice(new IoScheduling.BestEffort(new IoClass.Low())), (await host.Service.VbdStat("test", (vm, "xvda"), default)).state.qos_target);
        }
        finally
        {
            thread.Kill();
        }
    }

    [Fact]
    public async Task RemoteDesktopIsAskedForOfTheGuestsAgent()
    {
        await using var host = await TestHost.StartAsync();
        string vm = await host.RunVmAsync();
        long domid = (await host.Service.VmStat("test", vm, default)).state.domids.Single();
        await using var store = await host.ConnectStoreAsync();
        foreach (bool enabled in (bool[])[true, false])
        {
            await host.EndAsync(await host.Service.VmRequestRdp("test", vm, enabled, default));
            Assert.Equal(enabled ? "1" : "0", await store.ReadAsync($"/local/domain/{domid}/control/ts", default));
        }
    }

    /// <summary>Back ends that are programs of their own are asked to end, and say when they have.</summary>
    [Theory]
    [InlineData(false, "normal")]
    [InlineData(true, "force")]
    public async Task ABackEndThatTakesRequestsIsAskedToEnd(bool force, string request)
    {
        await using var host = await EngineHost.StartAsync();
        string vm = await host.AddVmAsync();
        await host.RunAsync(vm);
        long domid = (await host.Service.VmStat("test", vm, default)).state.domids.Single();
        string backend = $"/local/domain/0/backend/vbd/{domid}/{Xvda}";
        await using var store = await host.ConnectStoreAsync();
        await store.WriteAsync("/local/domain/0/control/feature-shutdown-request", "1", default);
        if (!force)
        {
            // One that refuses keeps the disk.
            var refused = host.Service.VbdUnplug("test", (vm, "xvda"), false, default);
            await EventuallyAsync(async () => await store.ReadAsync(backend + "/shutdown-request", default) == request);
            await store.WriteAsync($"/local/domain/{domid}/error/device/vbd/{Xvda}/error", "in use", default);
            var failed = Assert.IsType<TaskState.Failed>(await host.WaitAsync(await refused));
            Assert.Equal("in use", Assert.IsType<XenopsErrorValue.Device_detach_rejected>(failed.error).message);
            await store.RemoveAsync(backend + "/shutdown-request", default);
        }

        string task = await host.Service.VbdUnplug("test", (vm, "xvda"), force, default);
        await EventuallyAsync(async () => await store.ReadAsync(backend + "/shutdown-request", default) == request);
        Assert.True((await host.Service.VbdStat("test", (vm, "xvda"), default)).state.plugged);
        await store.WriteAsync(backend + "/shutdown-done", "", default);
        await host.EndAsync(task);
        Assert.Null(await store.ReadAsync(backend, default));
        Assert.False((await host.Service.VbdStat("test", (vm, "xvda"), default)).state.plugged);
    }

    private static async Task<string> InspectAsync(TestHost host, string vm) =>
        await host.InspectAsync((await host.Service.VmStat("test", vm, default)).state.domids.Single(), "counter");

    private static async Task RunsAgainAsync(EngineHost host, string vm) => await EventuallyAsync(async () =>
    {
        try
        {
            return await host.ScriptAsync(vm, "counter") != "";
        }
        catch (XenopsError)
        {
            // Between its two kernels.
            return false;
        }
    });

    private static async Task ConnectedAsync(EngineHost host, long domid)
    {
        await using var store = await host.ConnectStoreAsync();
        await EventuallyAsync(async () => await store.ReadAsync($"/local/domain/{domid}/device/vbd/{Xvda}/state", default) == "4"
            && await store.ReadAsync($"/local/domain/{domid}/device/vif/0/state", default) == "4");
    }

    private static async Task EventuallyAsync(Func<Task<bool>> condition)
    {
        using var deadline = new CancellationTokenSource(Patience);
        while (!await condition())
        {
            await Task.Delay(5, deadline.Token);
        }
    }
}
