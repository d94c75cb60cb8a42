using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Contract;
using Xunit;
using static Toolstack.Tests.Domains.DomainHost;
using ShutdownReason = Toolstack.Xenopsd.Backends.ShutdownReason;

namespace Toolstack.Tests.Domains;

/// <summary>The life of domains on the simulated host.</summary>
public class LifeTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(50);

    [Fact]
    public async Task A_domain_is_built_paused_runs_and_keeps_its_memory_right()
    {
        await using var host = await StartAsync();
        string vm = NewId();
        int domid = await host.Backend.CreateAsync(Config(vm, 16), default);
        Assert.True(host.Backend.GetStatus(vm)!.Paused);
        Assert.Equal(DomainAction.Poweroff, await host.Devices.GetActionRequestAsync(vm, default));
        await Assert.ThrowsAsync<XenopsError>(() => host.Backend.UnpauseAsync(vm, default));
        await host.Backend.BuildAsync(vm, default);
        await host.Devices.SetActionRequestAsync(vm, null, default);
        Assert.Null(await host.Devices.GetActionRequestAsync(vm, default));
        var built = host.Backend.GetStatus(vm)!;
        Assert.Equal((16 * Mib, 16 * Mib, 16 * Mib), (built.MemoryActualBytes, built.MemoryTargetBytes, built.MemoryLimitBytes));

        await host.Backend.UnpauseAsync(vm, default);
        ulong booted = await host.CounterAsync(vm);
        await Eventually(async () => await host.CounterAsync(vm) > booted);
        Assert.Contains(" errors=0 ", await host.ScriptAsync(vm, "verify-memory"), StringComparison.Ordinal);
        await host.Backend.PauseAsync(vm, default);
        await host.Backend.PauseAsync(vm, default);
        Assert.True(host.Backend.GetStatus(vm)!.Paused);
        await host.Backend.UnpauseAsync(vm, default);
        Assert.False(host.Backend.GetStatus(vm)!.Paused);

        await host.Backend.DestroyAsync(vm, default);
        Assert.Null(host.Backend.GetStatus(vm));
        Assert.Equal(domid + 1, await host.Backend.CreateAsync(Config(vm, 16), default));
    }

    [Fact]
    public async Task A_destroyed_domain_leaves_no_node_and_no_memory()
    {
        await using var host = await StartAsync();
        var before = await host.NodesAsync("/");
        long free = host.Backend.GetHostInfo().FreeMemoryBytes;
        string vm = await host.RunAsync();
        Assert.True(host.Backend.GetHostInfo().FreeMemoryBytes < free);
        await host.Backend.DestroyAsync(vm, default);
        Assert.Equal(before, await host.NodesAsync("/"));
        Assert.Equal(free, host.Backend.GetHostInfo().FreeMemoryBytes);
        Assert.DoesNotContain(host.Hypervisor.Domains(), static d => d.Domid != 0);
    }

    [Fact]
    public async Task A_domain_that_somebody_else_ended_makes_place()
    {
        await using var host = await StartAsync();
        var before = await host.NodesAsync("/");
        string vm = await host.RunAsync();
        int domid = host.Domid(vm);
        await host.Hypervisor.DestroyAsync(domid, default);
        Assert.Null(host.Backend.GetStatus(vm));
        await host.RunAsync(Config(vm, 16));
        Assert.NotEqual(domid, host.Domid(vm));
        Assert.Null(await host.ReadAsync($"/local/domain/{domid}"));
        await host.Backend.DestroyAsync(vm, default);
        Assert.Equal(before, await host.NodesAsync("/"));
    }

    [Fact]
    public async Task Memory_is_given_out_once()
    {
        await using var host = await StartAsync(100);
        await host.Backend.CreateAsync(Config(NewId(), 60), default);
        string refused = NewId();
        var error = await Assert.ThrowsAsync<XenopsError>(() => host.Backend.CreateAsync(Config(refused, 41), default));
        Assert.IsType<XenopsErrorValue.Not_enough_memory>(error.Value);
        Assert.Null(host.Backend.GetStatus(refused));
        await host.Backend.CreateAsync(Config(NewId(), 20), default);
        Assert.Equal(2, host.Backend.ListDomains().Count);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(3, 2)]
    [InlineData(129, 129)]
    public async Task Impossible_vcpus_are_refused(int vcpus, int max)
    {
        await using var host = await StartAsync();
        var error = await Assert.ThrowsAsync<XenopsError>(
            () => host.Backend.CreateAsync(Config(NewId(), 16) with { Vcpus = vcpus, VcpusMax = max }, default));
        Assert.IsType<XenopsErrorValue.Invalid_vcpus>(error.Value);
        Assert.Empty(host.Backend.ListDomains());
    }

    [Theory]
    [InlineData(ShutdownReason.Poweroff, DomainAction.Poweroff)]
    [InlineData(ShutdownReason.Reboot, DomainAction.Reboot)]
    [InlineData(ShutdownReason.Suspend, DomainAction.Suspend)]
    public async Task A_guest_acknowledges_and_shuts_down(ShutdownReason reason, DomainAction action)
    {
        await using var host = await StartAsync();
        string vm = await host.RunAsync();
        Assert.True(await host.Backend.RequestShutdownAsync(vm, reason, Long, default));
        Assert.True(await host.Backend.WaitShutdownAsync(vm, reason, Long, default));
        Assert.Equal(reason, host.Backend.GetStatus(vm)!.ShutdownReason);
        Assert.Equal(action, await host.Devices.GetActionRequestAsync(vm, default));
    }

    [Fact]
    public async Task A_guest_that_does_not_acknowledge_is_asked_no_more()
    {
        await using var host = await StartAsync();
        string deaf = await host.RunAsync(Config(NewId(), 16, ("sim-ignore-shutdown", "true")));
        string paused = await host.RunAsync();
        await host.Backend.PauseAsync(paused, default);
        foreach (string vm in new[] { deaf, paused })
        {
            Assert.False(await host.Backend.RequestShutdownAsync(vm, ShutdownReason.Poweroff, Short, default));
            Assert.Null(await host.ReadAsync($"/local/domain/{host.Domid(vm)}/control/shutdown"));
            Assert.False(await host.Backend.WaitShutdownAsync(vm, ShutdownReason.Poweroff, Short, default));
            Assert.Null(host.Backend.GetStatus(vm)!.ShutdownReason);
        }

        var request = host.Backend.RequestShutdownAsync(paused, ShutdownReason.Reboot, Long, default);
        await host.Backend.UnpauseAsync(paused, default);
        Assert.True(await request);
    }

    [Fact]
    public async Task A_wait_hears_its_cancellation_and_the_end_of_the_domain()
    {
        await using var host = await StartAsync();
        string vm = await host.RunAsync();
        using CancellationTokenSource cancel = new(20);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => host.Backend.WaitShutdownAsync(vm, ShutdownReason.Crash, Long, cancel.Token));
        var wait = host.Backend.WaitShutdownAsync(vm, ShutdownReason.Crash, Long, default);
        await host.Backend.DestroyAsync(vm, default);
        Assert.False(await wait);
    }

    [Fact]
    public async Task Only_a_suspended_guest_is_resumed()
    {
        await using var host = await StartAsync();
        string vm = await host.RunAsync();
        await Assert.ThrowsAsync<XenopsError>(() => host.Backend.ResumeAsync(vm, default));
        await host.Backend.RequestShutdownAsync(vm, ShutdownReason.Suspend, Long, default);
        Assert.True(await host.Backend.WaitShutdownAsync(vm, ShutdownReason.Suspend, Long, default));
        await host.Backend.ResumeAsync(vm, default);
        Assert.Null(host.Backend.GetStatus(vm)!.ShutdownReason);
        ulong counter = await host.CounterAsync(vm);
        await Eventually(async () => await host.CounterAsync(vm) > counter);

        // A second suspension is heard of again.
        Assert.True(await host.Backend.RequestShutdownAsync(vm, ShutdownReason.Suspend, Long, default));
        Assert.True(await host.Backend.WaitShutdownAsync(vm, ShutdownReason.Suspend, Long, default));
    }

    [Fact]
    public async Task A_crash_is_told()
    {
        await using var host = await StartAsync();
        string vm = await host.RunAsync();
        TaskCompletionSource told = new(TaskCreationOptions.RunContinuationsAsynchronously);
        host.Backend.Changed += changed =>
        {
            if (changed == vm && host.Backend.GetStatus(vm) is { ShutdownReason: ShutdownReason.Crash })
            {
                told.TrySetResult();
            }
        };
        await host.ScriptAsync(vm, "crash");
        await told.Task.WaitAsync(Long);
    }

    [Fact]
    public async Task A_renamed_domain_is_found_under_its_new_name_only()
    {
        await using var host = await StartAsync();
        string old = await host.RunAsync();
        string other = await host.RunAsync();
        string renamed = NewId();
        await Assert.ThrowsAsync<XenopsError>(() => host.Backend.RenameAsync(old, other, default));
        int domid = host.Domid(old);
        await host.Backend.RenameAsync(old, renamed, default);
        Assert.Null(host.Backend.GetStatus(old));
        Assert.Equal(domid, host.Domid(renamed));
        Assert.Equal($"/vm/{renamed}", await host.ReadAsync($"/local/domain/{domid}/vm"));
        Assert.Equal(renamed, await host.ReadAsync($"/vm/{renamed}/uuid"));
        Assert.Equal($"n0 r{domid}", (await host.Store.GetPermissionsAsync($"/vm/{renamed}/uuid", default))!.ToString());
        Assert.Null(await host.ReadAsync($"/vm/{old}"));
        Assert.True(await host.CounterAsync(renamed) > 0);
        var error = await Assert.ThrowsAsync<XenopsError>(() => host.Backend.PauseAsync(old, default));
        Assert.Equal(new XenopsErrorValue.Does_not_exist("domain", old), error.Value);
    }

    [Fact]
    public async Task Unknown_scripts_are_errors()
    {
        await using var host = await StartAsync();
        string vm = await host.RunAsync();
        foreach (string script in new[] { "format-disk", "", new string('x', 2000) })
        {
            var error = await Assert.ThrowsAsync<XenopsError>(() => host.ScriptAsync(vm, script));
            Assert.IsType<XenopsErrorValue.Failed_to_run_script>(error.Value);
        }

        Assert.Null(await host.ReadAsync($"/local/domain/{host.Domid(vm)}/control/batcmd"));
    }

    [Fact]
    public async Task A_guest_is_observed()
    {
        await using var host = await StartAsync();
        string vm = await host.RunAsync();
        await Eventually(async () => (await host.Devices.ObserveAsync(vm, default)).GuestAgent.ContainsKey("data/updated"));
        var seen = await host.Devices.ObserveAsync(vm, default);
        Assert.Equal("simulator", seen.GuestAgent["attr/os/distro"]);
        Assert.Equal("1", seen.GuestAgent["control/feature-suspend"]);
        Assert.Equal("0", seen.RtcTimeOffset);

        await host.Devices.SetXsdataAsync(vm, new Dictionary<string, string> { ["vm-data/a"] = "1", ["other/b"] = "2" }, default);
        await Eventually(async () => (await host.Devices.ObserveAsync(vm, default)).Xsdata.GetValueOrDefault("vm-data/a") == "1");
        Assert.DoesNotContain("other/b", (await host.Devices.ObserveAsync(vm, default)).Xsdata.Keys);
        await host.Store.WriteAsync($"/local/domain/{host.Domid(vm)}/attr/x/y", "z", default);
        await Eventually(async () => (await host.Devices.ObserveAsync(vm, default)).GuestAgent.GetValueOrDefault("attr/x/y") == "z");
    }

    [Fact]
    public async Task Vcpus_are_switched_on_and_off()
    {
        await using var host = await StartAsync();
        string vm = await host.RunAsync();
        await host.Devices.SetVcpusAsync(vm, 1, default);
        Assert.Equal(1, host.Backend.GetStatus(vm)!.Vcpus);
        Assert.Equal("offline", await host.ReadAsync($"/local/domain/{host.Domid(vm)}/cpu/1/availability"));
        var error = await Assert.ThrowsAsync<XenopsError>(() => host.Devices.SetVcpusAsync(vm, 3, default));
        Assert.Equal(new XenopsErrorValue.Invalid_vcpus(2), error.Value);
    }
}
