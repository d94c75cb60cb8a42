using System.Diagnostics;
using Toolstack.EndToEnd.Client;
using Toolstack.EndToEnd.Pool;

namespace Toolstack.Bench.Loads;

/// <summary>Loads on a pool of real native daemons, each printed with its ratio to what the same machine can do at best in the same run.</summary>
internal static class SystemLoads
{
    private const int MigratedMib = 1024;
    private const int DirtyPagesPerSecond = 2000;

    internal static async Task RunAsync(TextWriter output, CancellationToken cancellation)
    {
        await using var pool = await DevelopmentPool.StartAsync(new PoolOptions(), cancellation);
        foreach (var daemon in pool.Coordinator.Daemons)
        {
            await output.WriteLineAsync($"{daemon.Name}: ready {daemon.StartToReady.TotalMilliseconds:0} ms after exec, "
                + $"{new FileInfo(Path.Combine(new PoolOptions().Binaries, daemon.Name)).Length / 1048576.0:0.0} MiB, idle resident {MemoryLoad.ResidentMib(daemon):0.0} MiB");
        }

        await SwitchLoad.RunAsync(pool.Coordinator.SwitchSocket, output, cancellation);
        await StartLoad.RunAsync(pool, output, cancellation);
        await MigrationAsync(pool, output, cancellation);
        foreach (var daemon in pool.Coordinator.Daemons)
        {
            await output.WriteLineAsync($"{daemon.Name}: resident after the loads {MemoryLoad.ResidentMib(daemon):0.0} MiB");
        }
    }

    private static async Task MigrationAsync(DevelopmentPool pool, TextWriter output, CancellationToken cancellation)
    {
        using var client = await pool.LoginAsync(cancellation);
        var vm = await TestVm.CreateAsync(client, "bench", MigratedMib, DirtyPagesPerSecond, cancellation);
        await client.CallAsync("VM.start", cancellation, vm, false, false);
        var source = await client.TextAsync("VM.get_resident_on", cancellation, vm);
        var target = ((object[])await client.CallAsync("host.get_all", cancellation)).Cast<string>().First(host => host != source);
        var options = new Dictionary<string, string> { ["live"] = "true" };

        var clock = Stopwatch.StartNew();
        await client.CallAsync("VM.pool_migrate", cancellation, vm, target, options);
        var rate = MigratedMib / clock.Elapsed.TotalSeconds;
        var memory = await GuestMemory.VerifyAsync(client, vm, cancellation);
        await client.CallAsync("VM.hard_shutdown", cancellation, vm);
        await client.CallAsync("VM.destroy", cancellation, vm);

        var floor = await TcpFloor.MibPerSecondAsync(MigratedMib, cancellation);
        await output.WriteLineAsync($"migration: {rate:0} MiB/s of guest memory ({MigratedMib} MiB), TCP over loopback {floor:0} MiB/s, "
            + $"ratio {rate / floor:0.00}; downtime {memory.LongestPauseMs:0} ms, {memory.Errors} errors in {memory.Pages} pages");
    }
}
