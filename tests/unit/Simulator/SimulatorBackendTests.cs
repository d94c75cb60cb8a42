using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Backends.Simulator;
using Toolstack.Xenopsd.Contract;
using Xunit;
using ShutdownReason = Toolstack.Xenopsd.Backends.ShutdownReason;

namespace Toolstack.Tests.Simulator;

/// <summary>The life of simulated domains.</summary>
public class SimulatorBackendTests
{
    private const long Mib = 1 << 20;

    [Fact]
    public async Task A_domain_is_built_paused_runs_and_keeps_its_memory_right()
    {
        await using SimulatorBackend host = new(new SimulatorOptions());
        Assert.Equal(1, await host.CreateAsync(Config("a", 16), default));
        Assert.True(host.GetStatus("a")!.Paused);
        await host.BuildAsync("a", default);
        var booted = await CounterAsync(host, "a");
        await Task.Delay(20);
        Assert.Equal(booted, await CounterAsync(host, "a"));

        await host.UnpauseAsync("a", default);
        await Eventually(async () => await CounterAsync(host, "a") > booted);
        await host.PauseAsync("a", default);
        var paused = await CounterAsync(host, "a");
        await Task.Delay(20);
        Assert.Equal(paused, await CounterAsync(host, "a"));
        Assert.Contains("pages=4096 errors=0 ", await host.RunScriptAsync("a", "verify-memory", default), StringComparison.Ordinal);

        await host.DestroyAsync("a", default);
        Assert.Null(host.GetStatus("a"));
        Assert.Equal(2, await host.CreateAsync(Config("a", 16), default));
    }

    [Fact]
    public async Task Memory_is_given_out_once()
    {
        await using SimulatorBackend host = new(new SimulatorOptions { TotalMemoryBytes = 100 * Mib });
        await host.CreateAsync(Config("a", 60), default);
        Assert.Equal(40 * Mib, host.GetHostInfo().FreeMemoryBytes);
        var error = await Assert.ThrowsAsync<XenopsError>(() => host.CreateAsync(Config("b", 41), default));
        Assert.Equal(new XenopsErrorValue.Not_enough_memory(41 * Mib), error.Value);
        await host.CreateAsync(Config("c", 40), default);
        await host.DestroyAsync("a", default);
        Assert.Equal(60 * Mib, host.GetHostInfo().FreeMemoryBytes);
    }

    [Theory]
    [InlineData(ShutdownReason.Poweroff)]
    [InlineData(ShutdownReason.Reboot)]
    [InlineData(ShutdownReason.Suspend)]
    public async Task A_guest_acknowledges_and_shuts_down(ShutdownReason reason)
    {
        await using SimulatorBackend host = new(new SimulatorOptions());
        await StartAsync(host, "a");
        List<string> changes = [];
        host.Changed += changes.Add;
        Assert.True(await host.RequestShutdownAsync("a", reason, TimeSpan.FromSeconds(10), default));
        Assert.True(await host.WaitShutdownAsync("a", reason, TimeSpan.FromSeconds(10), default));
        Assert.Equal(reason, host.GetStatus("a")!.ShutdownReason);
        Assert.Equal(["a"], changes);
        var stopped = await CounterAsync(host, "a");
        await Task.Delay(20);
        Assert.Equal(stopped, await CounterAsync(host, "a"));
    }

    [Fact]
    public async Task A_guest_that_ignores_requests_or_is_paused_does_not_acknowledge()
    {
        await using SimulatorBackend host = new(new SimulatorOptions());
        await StartAsync(host, "deaf", ("sim-ignore-shutdown", "true"));
        await StartAsync(host, "paused");
        await host.PauseAsync("paused", default);
        foreach (var vm in new[] { "deaf", "paused" })
        {
            Assert.False(await host.RequestShutdownAsync(vm, ShutdownReason.Poweroff, TimeSpan.FromMilliseconds(20), default));
            Assert.False(await host.WaitShutdownAsync(vm, ShutdownReason.Poweroff, TimeSpan.FromMilliseconds(20), default));
            Assert.Null(host.GetStatus(vm)!.ShutdownReason);
        }

        var request = host.RequestShutdownAsync("paused", ShutdownReason.Reboot, TimeSpan.FromSeconds(30), default);
        await host.UnpauseAsync("paused", default);
        Assert.True(await request);
    }

    [Fact]
    public async Task A_wait_hears_its_cancellation_and_the_end_of_the_domain()
    {
        await using SimulatorBackend host = new(new SimulatorOptions());
        await StartAsync(host, "a");
        using CancellationTokenSource cancel = new(20);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => host.WaitShutdownAsync("a", ShutdownReason.Crash, TimeSpan.FromSeconds(30), cancel.Token));
        var wait = host.WaitShutdownAsync("a", ShutdownReason.Crash, TimeSpan.FromSeconds(30), default);
        await host.DestroyAsync("a", default);
        Assert.False(await wait);
    }

    [Fact]
    public async Task Only_a_suspended_guest_is_resumed()
    {
        await using SimulatorBackend host = new(new SimulatorOptions());
        await StartAsync(host, "a");
        await Assert.ThrowsAsync<XenopsError>(() => host.ResumeAsync("a", default));
        await host.RequestShutdownAsync("a", ShutdownReason.Suspend, TimeSpan.FromSeconds(10), default);
        await host.ResumeAsync("a", default);
        Assert.Null(host.GetStatus("a")!.ShutdownReason);
        var counter = await CounterAsync(host, "a");
        await Eventually(async () => await CounterAsync(host, "a") > counter);
    }

    [Fact]
    public async Task A_renamed_domain_is_found_under_its_new_name_only()
    {
        await using SimulatorBackend host = new(new SimulatorOptions());
        await host.CreateAsync(Config("a", 16), default);
        await host.CreateAsync(Config("b", 16), default);
        await Assert.ThrowsAsync<XenopsError>(() => host.RenameAsync("a", "b", default));
        await host.RenameAsync("a", "c", default);
        Assert.Null(host.GetStatus("a"));
        Assert.Equal(1, host.GetStatus("c")!.Domid);
        Assert.Equal(["b", "c"], host.ListDomains().Order());
        await host.DestroyAsync("c", default);
        var error = await Assert.ThrowsAsync<XenopsError>(() => host.PauseAsync("c", default));
        Assert.Equal(new XenopsErrorValue.Does_not_exist("domain", "c"), error.Value);
    }

    [Fact]
    public async Task Scripts_change_the_guest_and_unknown_ones_are_errors()
    {
        await using SimulatorBackend host = new(new SimulatorOptions());
        await StartAsync(host, "a", ("sim-dirty-pages-per-s", "0"));
        var still = Checksum(await host.RunScriptAsync("a", "verify-memory", default));
        await Task.Delay(20);
        Assert.Equal(still, Checksum(await host.RunScriptAsync("a", "verify-memory", default)));
        await host.RunScriptAsync("a", "set-dirty-rate 100000", default);
        await Eventually(async () => Checksum(await host.RunScriptAsync("a", "verify-memory", default)) != still);
        foreach (var script in new[] { "format-disk", "set-dirty-rate", "set-dirty-rate x", "set-dirty-rate 9999999", "", new string('x', 1000) })
        {
            var error = await Assert.ThrowsAsync<XenopsError>(() => host.RunScriptAsync("a", script, default));
            Assert.IsType<XenopsErrorValue.Failed_to_run_script>(error.Value);
        }

        await host.RunScriptAsync("a", "crash", default);
        Assert.Equal(ShutdownReason.Crash, host.GetStatus("a")!.ShutdownReason);
    }

    [Fact]
    public async Task A_guest_measures_its_own_pause()
    {
        await using SimulatorBackend host = new(new SimulatorOptions());
        await StartAsync(host, "a");
        await Eventually(async () => await CounterAsync(host, "a") > 2);
        await host.PauseAsync("a", default);
        await Task.Delay(150);
        await host.UnpauseAsync("a", default);
        await Eventually(async () => double.Parse(await host.RunScriptAsync("a", "longest-pause", default)) >= 140);
        await host.PauseAsync("a", default);
        await host.RunScriptAsync("a", "reset-pause", default);
        Assert.Equal("0.0", await host.RunScriptAsync("a", "longest-pause", default));
    }

    [Fact]
    public void A_flaw_in_memory_is_found()
    {
        using GuestMemory memory = new("flawed", 64, hugePages: false);
        var slice = GuestSlice.Boot(memory, first: 0, pages: 64, wanted: 20, seed: 7, dirtyRate: 0);
        Assert.Equal(0, slice.Verify().Errors);
        var checksum = slice.Verify().Checksum;
        memory.Words(10)[100] ^= 1;
        Assert.Equal(1, slice.Verify().Errors);
        Assert.NotEqual(checksum, slice.Verify().Checksum);
        memory.Words(10)[100] ^= 1;
        memory.Words(60)[0] = 1;
        Assert.Equal(1, slice.Verify().Errors);
    }

    [Fact]
    public void Every_step_is_in_the_dirty_bitmap()
    {
        using GuestMemory memory = new("dirty", 64, hugePages: false);
        var slice = GuestSlice.Boot(memory, first: 0, pages: 64, wanted: 20, seed: 7, dirtyRate: 1000);
        memory.EnableLogDirty();
        using GuestMemory copy = new("copy", 64, hugePages: false);
        for (var i = 0; i < 64; i++)
        {
            memory.Words(i).CopyTo(copy.Words(i));
        }

        var debt = 0.0;
        slice.Tick();
        slice.Run(TimeSpan.FromMilliseconds(50), ref debt);
        var bitmap = new ulong[1];
        var count = memory.CleanLogDirty(bitmap);
        Assert.Equal(System.Numerics.BitOperations.PopCount(bitmap[0]), count);
        for (var i = 0; i < 64; i++)
        {
            var same = memory.Words(i).SequenceEqual(copy.Words(i));
            Assert.Equal(same, (bitmap[0] >> i & 1) == 0);
        }

        Assert.Equal(0, memory.CleanLogDirty(bitmap));
    }

    private static string Checksum(string report) => report[report.IndexOf("checksum", StringComparison.Ordinal)..];

    private static async Task<ulong> CounterAsync(SimulatorBackend host, string vm) => ulong.Parse(await host.RunScriptAsync(vm, "counter", default));

    private static async Task StartAsync(SimulatorBackend host, string vm, params (string Key, string Value)[] platform)
    {
        await host.CreateAsync(Config(vm, 16, platform), default);
        await host.BuildAsync(vm, default);
        await host.UnpauseAsync(vm, default);
    }

    private static async Task Eventually(Func<Task<bool>> condition)
    {
        for (var attempt = 0; !await condition(); attempt++)
        {
            Assert.True(attempt < 1000, "the condition did not come true");
            await Task.Delay(10);
        }
    }

    private static DomainConfig Config(string vm, long mib, params (string Key, string Value)[] platform) =>
        new(vm, vm, mib * Mib, mib * Mib, mib * Mib, 2, 2, platform.ToDictionary(p => p.Key, p => p.Value), null);
}
