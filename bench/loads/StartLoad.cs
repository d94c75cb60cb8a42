using System.Diagnostics;
using Toolstack.EndToEnd.Client;
using Toolstack.EndToEnd.Pool;

namespace Toolstack.Bench.Loads;

/// <summary>VM.start and VM.hard_shutdown of small VMs without disks, through xapi, one after another and 16 at once.</summary>
internal static class StartLoad
{
    private const int MemoryMib = 16;
    private const int AtOnce = 16;
    private const int Warm = 5;
    private const int Alone = 200;
    private const int Each = 60;
    private const double Aim = 200;

    internal static async Task RunAsync(TextWriter output, CancellationToken cancellation)
    {
        await using var pool = await DevelopmentPool.StartAsync(new PoolOptions { Hosts = 1 }, cancellation);
        await RunAsync(pool, output, cancellation);
    }

    internal static async Task RunAsync(DevelopmentPool pool, TextWriter output, CancellationToken cancellation)
    {
        using var client = await pool.LoginAsync(cancellation);
        var vms = new List<string>();
        for (var number = 0; number < AtOnce; number++)
        {
            var vm = await TestVm.CreateAsync(client, $"bench-{number}", MemoryMib, 0, cancellation);
            await client.CallAsync("VM.remove_from_platform", cancellation, vm, "sim-working-set-mib");
            await client.CallAsync("VM.add_to_platform", cancellation, vm, "sim-working-set-mib", "1");
            vms.Add(vm);
        }

        await Task.WhenAll(vms.Select(vm => CycleAsync(client, vm, Warm, cancellation)));
        await ReportAsync("one at a time", Alone, () => CycleAsync(client, vms[0], Alone, cancellation), pool, output);
        await ReportAsync($"{AtOnce} at once", AtOnce * Each, () => Task.WhenAll(vms.Select(vm => CycleAsync(client, vm, Each, cancellation))), pool, output);
        foreach (var vm in vms)
        {
            await client.CallAsync("VM.destroy", cancellation, vm);
        }
    }

    private static async Task ReportAsync(string what, int cycles, Func<Task> load, DevelopmentPool pool, TextWriter output)
    {
        var before = Times(pool);
        var clock = Stopwatch.StartNew();
        await load();
        var seconds = clock.Elapsed.TotalSeconds;
        var used = Times(pool).Zip(before, (after, was) => $"{after.Name} {(after.Milliseconds - was.Milliseconds) / cycles:0.00} ms");
        await output.WriteLineAsync($"VM.start + VM.hard_shutdown, {what}: {cycles / seconds:0.0}/s ({seconds / cycles * 1000:0.0} ms each), "
            + $"ratio to the aim of {Aim:0}/s {cycles / seconds / Aim:0.00}; processor time each: {string.Join(", ", used)}");
    }

    private static async Task CycleAsync(XenApiClient client, string vm, int times, CancellationToken cancellation)
    {
        for (var i = 0; i < times; i++)
        {
            await client.CallAsync("VM.start", cancellation, vm, false, false);
            await client.CallAsync("VM.hard_shutdown", cancellation, vm);
        }
    }

    private static List<(string Name, double Milliseconds)> Times(DevelopmentPool pool)
    {
        List<(string, double)> times = [];
        foreach (var daemon in pool.Coordinator.Daemons)
        {
            using var process = Process.GetProcessById(daemon.Pid);
            times.Add((daemon.Name, process.TotalProcessorTime.TotalMilliseconds));
        }

        return times;
    }
}
