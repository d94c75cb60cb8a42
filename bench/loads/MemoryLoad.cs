using System.Diagnostics;
using System.Globalization;
using Toolstack.EndToEnd.Client;
using Toolstack.EndToEnd.Pool;

namespace Toolstack.Bench.Loads;

/// <summary>What the daemons of one host keep resident: idle, with 10, 100 and 1,000 running VMs, and a while after a busy minute; and how long
/// they take from the first exec until the last is ready. Each figure is printed with the aim where there is one.</summary>
internal static class MemoryLoad
{
    /// <summary>A guest of 4 MiB has no frame left beside what every domain keeps for itself.</summary>
    private const int MemoryMib = 8;
    private const int AtOnce = 8;

    private static readonly int[] Counts = [10, 100, 1000];
    private static readonly TimeSpan Busy = TimeSpan.FromMinutes(1);

    /// <summary>The daemons collect what they can spare when nothing happened for some seconds.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(15);

    private static readonly Dictionary<string, double> IdleAims = new(StringComparer.Ordinal) { ["message-switch"] = 12, ["xenopsd"] = 15, ["xapi"] = 30 };

    internal static async Task RunAsync(TextWriter output, CancellationToken cancellation)
    {
        await using var pool = await DevelopmentPool.StartAsync(new PoolOptions { Hosts = 1, HostMemoryMib = 16 * 1024 }, cancellation);
        using var client = await pool.LoginAsync(cancellation);
        await Task.Delay(Rest, cancellation);
        await output.WriteLineAsync("resident MiB (aim)   " + string.Join("  ", pool.Coordinator.Daemons.Select(static daemon => $"{daemon.Name,16}")));
        await ReportAsync("idle", pool, output, static aim => aim);
        var vms = new List<string>();
        foreach (var count in Counts)
        {
            await StartAsync(client, vms, count, cancellation);
            await Task.Delay(Rest, cancellation);
            await ReportAsync($"{count} VMs", pool, output, static _ => null);
        }

        foreach (var some in vms.Skip(Counts[0]).Chunk(AtOnce))
        {
            await Task.WhenAll(some.Select(vm => EndAsync(client, vm, cancellation)));
        }

        await BusyAsync(client, vms.Take(Counts[0]).ToList(), cancellation);
        await ReportAsync("in a busy minute", pool, output, static aim => 2 * aim);
        await Task.Delay(Rest, cancellation);
        await ReportAsync("after it", pool, output, static aim => 2 * aim);
    }

    /// <summary>The daemons start together, as they do where the service manager has made their sockets; what each waits for is part of it.</summary>
    internal static async Task StartTogetherAsync(TextWriter output, CancellationToken cancellation)
    {
        await using var pool = await DevelopmentPool.StartAsync(new PoolOptions { Hosts = 1 }, cancellation);
        var host = pool.Coordinator;
        ManagedDaemon[] toolstack = [host.Switch, host.Xenopsd, host.Xapi];
        var times = new List<double>();
        for (var round = 0; round < 5; round++)
        {
            foreach (var daemon in toolstack.Reverse())
            {
                await daemon.StopAsync();
            }

            var clock = Stopwatch.StartNew();
            await Task.WhenAll(toolstack.Select(daemon => Task.Run(() => daemon.StartAsync(cancellation), cancellation)));
            times.Add(clock.Elapsed.TotalMilliseconds);
        }

        await output.WriteLineAsync($"switch, xenopsd and xapi ready after the first exec: best {times.Min():0} ms, median {times.Order().ElementAt(times.Count / 2):0} ms, aim 150 ms");
    }

    private static async Task StartAsync(XenApiClient client, List<string> vms, int count, CancellationToken cancellation)
    {
        foreach (var some in Enumerable.Range(vms.Count, count - vms.Count).Chunk(AtOnce))
        {
            vms.AddRange(await Task.WhenAll(some.Select(number => OneAsync(client, number, cancellation))));
        }
    }

    private static async Task<string> OneAsync(XenApiClient client, int number, CancellationToken cancellation)
    {
        var vm = await TestVm.CreateAsync(client, string.Create(CultureInfo.InvariantCulture, $"vm-{number}"), MemoryMib, 0, cancellation);
        await client.CallAsync("VM.start", cancellation, vm, false, false);
        return vm;
    }

    private static async Task EndAsync(XenApiClient client, string vm, CancellationToken cancellation)
    {
        await client.CallAsync("VM.hard_shutdown", cancellation, vm);
        await client.CallAsync("VM.destroy", cancellation, vm);
    }

    /// <summary>VMs start and stop while others read records and everything at once.</summary>
    private static async Task BusyAsync(XenApiClient client, List<string> vms, CancellationToken cancellation)
    {
        var end = Stopwatch.StartNew();
        await Task.WhenAll([.. vms.Take(AtOnce / 2).Select(CycleAsync), .. Enumerable.Range(0, AtOnce / 2).Select(_ => ReadAsync())]);

        async Task CycleAsync(string vm)
        {
            while (end.Elapsed < Busy)
            {
                await client.CallAsync("VM.hard_shutdown", cancellation, vm);
                await client.CallAsync("VM.start", cancellation, vm, false, false);
            }
        }

        async Task ReadAsync()
        {
            while (end.Elapsed < Busy)
            {
                await client.CallAsync("VM.get_all_records", cancellation);
                foreach (var vm in vms)
                {
                    await client.CallAsync("VM.get_record", cancellation, vm);
                }
            }
        }
    }

    private static Task ReportAsync(string when, DevelopmentPool pool, TextWriter output, Func<double, double?> aim) => output.WriteLineAsync(
        $"{when,-20} " + string.Join("  ", pool.Coordinator.Daemons.Select(daemon =>
            $"{ResidentMib(daemon):0.0}{(IdleAims.TryGetValue(daemon.Name, out var idle) && aim(idle) is { } most ? $" ({most:0})" : "")}".PadLeft(16))));

    internal static double ResidentMib(ManagedDaemon daemon)
    {
        var line = File.ReadLines($"/proc/{daemon.Pid}/status").First(text => text.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024.0;
    }
}
