using System.Globalization;
using System.Text.RegularExpressions;
using Toolstack.Interop.Xen.Xenstore;
using Toolstack.XenSimulator.Contract;
using Xunit;
using ShutdownReason = Toolstack.Xenopsd.Backends.ShutdownReason;

namespace Toolstack.Tests.Simulator;

/// <summary>What simulated guests do over xenstore, as the toolstack of their host sees it.</summary>
public sealed partial class GuestTests : IAsyncLifetime
{
    private const long Mib = SimulatedMachine.Mib;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly SimulatedMachine machine = new();
    private XenstoreClient store = null!;

    public async ValueTask InitializeAsync() => store = await XenstoreClient.ConnectAsync(machine.XenstorePath, null, default);

    public async ValueTask DisposeAsync()
    {
        await store.DisposeAsync();
        await machine.DisposeAsync();
    }

    [Theory]
    [InlineData("poweroff", ShutdownReason.Poweroff)]
    [InlineData("halt", ShutdownReason.Poweroff)]
    [InlineData("reboot", ShutdownReason.Reboot)]
    [InlineData("suspend", ShutdownReason.Suspend)]
    public async Task A_guest_acknowledges_a_request_and_stops(string request, ShutdownReason reason)
    {
        var domid = await StartAsync(16);
        await using var ended = await store.WatchAsync("@releaseDomain", default);
        await ended.Events.ReadAsync(default);
        await store.WriteAsync($"/local/domain/{domid}/control/shutdown", request, default);
        await SimulatedMachine.EventuallyAsync(() => machine.Hypervisor.Domain(domid)!.ShutdownCode == (int)reason);
        Assert.Equal("", await store.ReadAsync($"/local/domain/{domid}/control/shutdown", default));
        await ended.Events.ReadAsync(default).AsTask().WaitAsync(Patience);
    }

    [Fact]
    public async Task A_guest_that_ignores_requests_hangs_or_is_paused_leaves_the_request_as_it_is()
    {
        var deaf = await StartAsync(16, (GuestKeys.IgnoreShutdown, "true"));
        var paused = await StartAsync(16);
        var hangs = await StartAsync(16);
        machine.Hypervisor.Pause(paused);
        using var connection = machine.Connect();
        await new HypercallsClient(connection).Fault($"guest-hang {hangs}", default);
        foreach (var domid in new[] { deaf, paused, hangs })
        {
            await store.WriteAsync($"/local/domain/{domid}/control/shutdown", "poweroff", default);
        }

        // One that listens has answered by now, and the others would have.
        var control = await StartAsync(16);
        await store.WriteAsync($"/local/domain/{control}/control/shutdown", "poweroff", default);
        await SimulatedMachine.EventuallyAsync(() => machine.Hypervisor.Domain(control)!.ShutdownCode is not null);
        foreach (var domid in new[] { deaf, paused, hangs })
        {
            Assert.Equal("poweroff", await store.ReadAsync($"/local/domain/{domid}/control/shutdown", default));
            Assert.Null(machine.Hypervisor.Domain(domid)!.ShutdownCode);
        }

        machine.Hypervisor.Unpause(paused);
        await SimulatedMachine.EventuallyAsync(() => machine.Hypervisor.Domain(paused)!.ShutdownCode == 0);
    }

    [Fact]
    public async Task A_suspended_guest_that_is_resumed_hears_the_next_request()
    {
        var domid = await StartAsync(16);
        await store.WriteAsync($"/local/domain/{domid}/control/shutdown", "suspend", default);
        await SimulatedMachine.EventuallyAsync(() => machine.Hypervisor.Domain(domid)!.ShutdownCode == 2);
        machine.Hypervisor.ResumeCooperatively(domid);
        await store.ResumeAsync(domid, default);
        await store.WriteAsync($"/local/domain/{domid}/control/shutdown", "reboot", default);
        await SimulatedMachine.EventuallyAsync(() => machine.Hypervisor.Domain(domid)!.ShutdownCode == 1);
    }

    [Fact]
    public async Task A_guest_gives_memory_up_and_takes_it_back()
    {
        var domid = await StartAsync(64, (GuestKeys.WorkingSet, "48"));
        await WaitForAsync(domid, "control/feature-balloon", "1");
        await SetTargetAsync(domid, 32);
        await SimulatedMachine.EventuallyAsync(() => machine.Hypervisor.Domain(domid)!.MemoryBytes == 32 * Mib);
        Assert.Equal((4096 - 32) * Mib, machine.Hypervisor.Machine().FreeMemoryBytes);
        Assert.Contains(" errors=0 ", (await RunAsync(domid, "verify-memory")).Output, StringComparison.Ordinal);
        await SetTargetAsync(domid, 56);
        await SimulatedMachine.EventuallyAsync(() => machine.Hypervisor.Domain(domid)!.MemoryBytes == 56 * Mib);
        Assert.Contains(" errors=0 ", (await RunAsync(domid, "verify-memory")).Output, StringComparison.Ordinal);

        var rigid = await StartAsync(64, (GuestKeys.NoBalloon, "1"));
        await WaitForAsync(rigid, "data/updated", "1");
        Assert.Null(await store.ReadAsync($"/local/domain/{rigid}/control/feature-balloon", default));
    }

    [Fact]
    public async Task A_guest_runs_scripts_and_says_how_they_ended()
    {
        var domid = await StartAsync(16);
        Assert.Matches(Verified(), (await RunAsync(domid, "verify-memory")).Output);
        var counter = long.Parse((await RunAsync(domid, "counter")).Output, CultureInfo.InvariantCulture);
        await SimulatedMachine.EventuallyAsync(() => long.Parse(RunAsync(domid, "counter").GetAwaiter().GetResult().Output, CultureInfo.InvariantCulture) > counter);
        Assert.Equal(("SUCCESS", ""), await RunAsync(domid, "set-dirty-rate 0"));
        Assert.Equal(("FAILURE", "the guest has no script 'dance'"), await RunAsync(domid, "dance"));
        Assert.Equal("FAILURE", (await RunAsync(domid, "set-dirty-rate -1")).State);
        Assert.Equal("SUCCESS", (await RunAsync(domid, "reboot")).State);
        await SimulatedMachine.EventuallyAsync(() => machine.Hypervisor.Domain(domid)!.ShutdownCode == 1);
    }

    [Fact]
    public async Task A_guest_measures_its_own_pause()
    {
        var domid = await StartAsync(16);
        await RunAsync(domid, "counter");
        machine.Hypervisor.Pause(domid);
        await Task.Delay(150);
        machine.Hypervisor.Unpause(domid);
        await SimulatedMachine.EventuallyAsync(() => Pause() >= 140);
        Assert.InRange(Stop(), 140, Pause());
        await RunAsync(domid, "reset-pause");
        machine.Hypervisor.Pause(domid);
        var still = Pause();
        await Task.Delay(50);
        Assert.Equal(still, Pause());

        double Pause() => Milliseconds("longest-pause");

        double Stop() => Milliseconds("longest-stop");

        double Milliseconds(string script) => double.Parse(machine.InspectAsync(domid, script).GetAwaiter().GetResult(), CultureInfo.InvariantCulture);
    }

    [Fact]
    public async Task A_guest_told_to_crashes()
    {
        var domid = await StartAsync(16, (GuestKeys.CrashAfter, "20"));
        await SimulatedMachine.EventuallyAsync(() => machine.Hypervisor.Domain(domid)!.ShutdownCode == 3);
    }

    [Fact]
    public async Task Nothing_of_a_destroyed_domain_stays()
    {
        var domid = await StartAsync(16);
        await WaitForAsync(domid, "data/updated", "1");
        await machine.Hypervisor.DestroyAsync(domid, default);
        await SimulatedMachine.EventuallyAsync(() => !store.IsIntroducedAsync(domid, default).GetAwaiter().GetResult());
        Assert.Equal(4096 * Mib, machine.Hypervisor.Machine().FreeMemoryBytes);
    }

    [GeneratedRegex(@"^counter=\d+ pages=4096 errors=0 longest-pause-ms=[\d.]+ checksum=[0-9a-f]{16}$")]
    private static partial Regex Verified();

    /// <summary>A running domain with the nodes that a guest needs.</summary>
    private async Task<int> StartAsync(long mib, params (string Key, string Value)[] platform)
    {
        var domid = machine.Create(mib, platform);
        var home = $"/local/domain/{domid}";
        foreach (var name in new[] { "", "/memory" })
        {
            await store.MakeDirectoryAsync(home + name, default);
            await store.SetPermissionsAsync(home + name, XenstorePermissions.ReadableBy(0, domid), default);
        }

        foreach (var name in new[] { "control", "attr", "data", "device" })
        {
            await store.MakeDirectoryAsync($"{home}/{name}", default);
            await store.SetPermissionsAsync($"{home}/{name}", new XenstorePermissions(domid), default);
        }

        await SetTargetAsync(domid, mib);
        var rings = await machine.Hypervisor.BuildAsync(domid, SimulatedMachine.Image(mib), default);
        await store.IntroduceAsync(domid, rings.Store, 1, default);
        machine.Hypervisor.Unpause(domid);
        return domid;
    }

    private Task SetTargetAsync(int domid, long mib) =>
        store.WriteAsync($"/local/domain/{domid}/memory/target", (mib * 1024).ToString(CultureInfo.InvariantCulture), default);

    private async Task<(string State, string Output)> RunAsync(int domid, string script)
    {
        var batch = $"/local/domain/{domid}/control/batcmd";
        await store.WriteAsync(batch + "/script", script, default);
        await store.WriteAsync(batch + "/state", "READY", default);
        Assert.True(await store.WaitUntilAsync(
            [batch + "/state"], async cancel => await store.ReadAsync(batch + "/state", cancel) is "SUCCESS" or "FAILURE", Patience, default));
        return ((await store.ReadAsync(batch + "/state", default))!, (await store.ReadAsync(batch + "/stdout", default))!);
    }

    private async Task WaitForAsync(int domid, string name, string value)
    {
        var path = $"/local/domain/{domid}/{name}";
        Assert.True(await store.WaitUntilAsync([path], async cancel => await store.ReadAsync(path, cancel) == value, Patience, default));
    }
}
