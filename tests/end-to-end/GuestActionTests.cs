using System.Globalization;
using Toolstack.EndToEnd.Client;
using Toolstack.EndToEnd.Pool;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>What guests do of their own accord, and what the VM's actions make of it; changes to a VM that runs.</summary>
public sealed class GuestActionTests(PoolFixture fixture) : DeadlineTests, IClassFixture<PoolFixture>
{
    private const long Mib = 1 << 20;

    private XenApiClient Client => fixture.Client;

    /// <summary>The guest ends in its own way; with the action "destroy" the VM is halted and nothing of it is left.</summary>
    [Theory]
    [InlineData("poweroff", "shutdown")]
    [InlineData("reboot", "reboot")]
    [InlineData("watchdog", "reboot")]
    [InlineData("crash", "crash")]
    public async Task AGuestThatEndsIsEnded(string script, string action)
    {
        await using var vm = await StartAsync(action, "destroy");
        var uuid = await Client.TextAsync("VM.get_uuid", Cancel, vm.Ref);
        await RunAsync(vm.Ref, script);
        await UntilAsync(async () => await vm.PowerStateAsync(Cancel) == "Halted");
        using var machine = SimulatorControl.Open(fixture.Pool.Coordinator);
        Assert.Null(await machine.DomainOfAsync(uuid, Cancel));
        Assert.Equal(0, await fixture.ResidentOnAsync(vm.Ref, Cancel));
    }

    /// <summary>With "restart" the guest's end is the beginning of a new domain, and observers see the VM run on.</summary>
    [Theory]
    [InlineData("poweroff", "shutdown")]
    [InlineData("reboot", "reboot")]
    public async Task AGuestThatEndsIsStartedAgain(string script, string action)
    {
        await using var vm = await StartAsync(action, "restart");
        var before = await Client.TextAsync("VM.get_domid", Cancel, vm.Ref);
        await RunAsync(vm.Ref, script);
        await UntilAsync(async () =>
            await vm.PowerStateAsync(Cancel) == "Running" && await Client.TextAsync("VM.get_domid", Cancel, vm.Ref) is var now && now != before && now != "-1");
        Assert.Equal(0, (await vm.VerifyMemoryAsync(Cancel)).Errors);
    }

    /// <summary>A guest that crashes as soon as it is started is not started for ever.</summary>
    [Fact]
    public async Task AGuestThatCrashesAtOnceIsNotStartedAgain()
    {
        await using var vm = await StartAsync("crash", "restart");
        await RunAsync(vm.Ref, "crash");
        await UntilAsync(async () => await vm.PowerStateAsync(Cancel) == "Halted");
    }

    [Fact]
    public async Task ACrashedGuestIsKeptWhenItIsToBePreserved()
    {
        await using var vm = await StartAsync("crash", "preserve");
        var uuid = await Client.TextAsync("VM.get_uuid", Cancel, vm.Ref);
        await RunAsync(vm.Ref, "crash");
        using var machine = SimulatorControl.Open(fixture.Pool.Coordinator);
        await UntilAsync(async () => (await machine.DomainOfAsync(uuid, Cancel))?.paused == true);
        Assert.NotNull((await machine.DomainOfAsync(uuid, Cancel))!.shutdown_code);
    }

    [Fact]
    public async Task ABalloonFollowsTheDynamicRange()
    {
        var reference = await TestVm.CreateAsync(Client, "balloon", 64, 0, Cancel);
        await using var vm = new RunningVm(fixture, reference);
        await Client.CallAsync("VM.set_memory_limits", Cancel, reference, Bytes(16), Bytes(64), Bytes(64), Bytes(64));
        await Client.CallAsync("VM.remove_from_platform", Cancel, reference, "sim-working-set-mib");
        await Client.CallAsync("VM.add_to_platform", Cancel, reference, "sim-working-set-mib", "8");
        await Client.CallAsync("VM.start_on", Cancel, reference, await fixture.HostRefAsync(1, Cancel), false, false);
        var metrics = await Client.TextAsync("VM.get_metrics", Cancel, reference);
        await UntilAsync(async () => await ActualAsync() > 56 * Mib);

        await Client.CallAsync("VM.set_memory_dynamic_range", Cancel, reference, Bytes(24), Bytes(24));
        await UntilAsync(async () => await ActualAsync() is > 16 * Mib and <= 26 * Mib);
        Assert.Equal(0, (await vm.VerifyMemoryAsync(Cancel)).Errors);

        // What it gave back it may have again; and a guest with a balloon travels.
        await fixture.MigrateAsync(reference, 2, Cancel);
        await Client.CallAsync("VM.set_memory_dynamic_range", Cancel, reference, Bytes(48), Bytes(48));
        await UntilAsync(async () => await ActualAsync() is > 40 * Mib and <= 50 * Mib);
        Assert.Equal(0, (await vm.VerifyMemoryAsync(Cancel)).Errors);

        async Task<long> ActualAsync() =>
            long.Parse(await Client.TextAsync("VM_metrics.get_memory_actual", Cancel, metrics), CultureInfo.InvariantCulture);
    }

    [Fact]
    public async Task VcpusComeAndGoWhileTheVmRuns()
    {
        var reference = await TestVm.CreateAsync(Client, "vcpus", 16, 0, Cancel);
        await using var vm = new RunningVm(fixture, reference);
        await Client.CallAsync("VM.set_VCPUs_max", Cancel, reference, "2");
        await Client.CallAsync("VM.set_VCPUs_at_startup", Cancel, reference, "1");
        await Client.CallAsync("VM.start_on", Cancel, reference, await fixture.HostRefAsync(1, Cancel), false, false);
        var domid = await Client.TextAsync("VM.get_domid", Cancel, reference);
        foreach (var (count, second) in ((string, string)[])[("2", "online"), ("1", "offline")])
        {
            await Client.CallAsync("VM.set_VCPUs_number_live", Cancel, reference, count);
            Assert.Equal(second, await StoreNodes.ReadAsync(fixture.Pool.Coordinator, $"/local/domain/{domid}/cpu/1/availability", Cancel));
            Assert.Equal(count, await Client.TextAsync("VM.get_VCPUs_at_startup", Cancel, reference));
        }

        Assert.Equal(0, (await vm.VerifyMemoryAsync(Cancel)).Errors);
    }

    /// <summary>What is to happen when the guest ends counts as it is set while the VM runs, on a member and on the coordinator.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task AnActionThatIsSetWhileTheVmRunsCounts(int host)
    {
        var reference = await TestVm.CreateAsync(Client, "changing", 16, 0, Cancel);
        await Client.CallAsync("VM.set_actions_after_crash", Cancel, reference, "restart");
        await using var vm = new RunningVm(fixture, reference);
        await Client.CallAsync("VM.start_on", Cancel, reference, await fixture.HostRefAsync(host, Cancel), false, false);
        await Client.CallAsync("VM.set_actions_after_crash", Cancel, reference, "destroy");
        var name = $"changed-{Guid.NewGuid():N}";
        await Client.CallAsync("VM.set_name_label", Cancel, reference, name);
        var records = Path.Combine(fixture.Pool.Hosts[host - 1].Directory, "xenopsd");
        await UntilAsync(() => Task.FromResult(Directory.EnumerateFiles(records, "*", SearchOption.AllDirectories).Any(file => Holds(file, name))));
        await RunAsync(reference, "crash");
        await UntilAsync(async () => await vm.PowerStateAsync(Cancel) == "Halted");
    }

    private static bool Holds(string file, string text)
    {
        try
        {
            return File.ReadAllBytes(file).AsSpan().IndexOf(System.Text.Encoding.ASCII.GetBytes(text)) >= 0;
        }
        catch (IOException)
        {
            // Replaced this moment.
            return false;
        }
    }

    private async Task<RunningVm> StartAsync(string end, string action)
    {
        var vm = await TestVm.CreateAsync(Client, "acting", 16, 0, Cancel);
        await Client.CallAsync($"VM.set_actions_after_{end}", Cancel, vm, action);
        await Client.CallAsync("VM.start_on", Cancel, vm, await fixture.HostRefAsync(1, Cancel), false, false);
        return new RunningVm(fixture, vm);
    }

    private static string Bytes(long mib) => (mib * Mib).ToString(CultureInfo.InvariantCulture);

    private Task<object> RunAsync(string vm, string script) => Client.CallAsync(
        "VM.call_plugin", Cancel, vm, "guest-agent-operation", "run-script", new Dictionary<string, string> { ["script"] = script });

    private async Task UntilAsync(Func<Task<bool>> condition)
    {
        while (!await condition())
        {
            await Task.Delay(50, Cancel);
        }
    }
}
