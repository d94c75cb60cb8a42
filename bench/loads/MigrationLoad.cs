using System.Diagnostics;
using System.Globalization;
using Toolstack.EndToEnd.Client;
using Toolstack.EndToEnd.Pool;

namespace Toolstack.Bench.Loads;

/// <summary>
/// Live migrations between two real hosts over loopback, as a client asks for them, beside the floor measured in the same run. The VM's
/// memory is full of data without patterns. Throughput is measured with an idle guest, so that the same bytes travel as in the floor.
/// Downtime is what a guest that keeps writing sees by its clock, from its last step here to its first one there; whatever else keeps it
/// from running on a machine whose CPUs both copy and fault memory in is told beside it.
/// </summary>
internal static class MigrationLoad
{
    private const int Rounds = 3;
    private const int DirtyMibPerSecond = 200;
    private const int PagesPerMib = 256;
    private const double BytesPerMib = 1 << 20;

    /// <summary>What the daemons and a busy machine's other programs need beside the two copies of a guest.</summary>
    private const int SpareMib = 1024;

    /// <summary>The guest runs so long before it moves: what it sees then is the machine's doing.</summary>
    private static readonly TimeSpan Warming = TimeSpan.FromSeconds(2);

    /// <summary>Filling, moving and checking a large guest on a machine that has other things to do.</summary>
    private static readonly TimeSpan CallDeadline = TimeSpan.FromMinutes(10);

    internal static async Task RunAsync(int mib, TextWriter output, CancellationToken cancellation)
    {
        RequireMemory(mib);
        var rates = new List<double>();
        var floors = new List<double>();
        var options = new PoolOptions { HostMemoryMib = mib + 1024 };
        await using (var pool = await DevelopmentPool.StartAsync(options, cancellation))
        {
            using var client = await pool.LoginAsync(cancellation, callDeadline: CallDeadline);
            for (var round = 0; round < Rounds; round++)
            {
                var moves = await MigrateAsync(client, mib, dirtyMib: 0, times: 1, cancellation);
                var rate = moves[0].Rate;
                rates.Add(rate);
                if (await CProgram.RunAsync("migration-floor", [$"{mib}"], cancellation) is [var fresh, var warm, ..])
                {
                    floors.Add(fresh / 1e6);
                    await output.WriteLineAsync($"round {round + 1}: {rate:0} MB/s, floor {fresh / 1e6:0} MB/s into fresh memory, {warm / 1e6:0} MB/s into used memory");
                }
            }

            var busy = await MigrateAsync(client, mib, DirtyMibPerSecond, Rounds, cancellation);
            foreach (var move in busy)
            {
                await output.WriteLineAsync($"with a guest that writes {DirtyMibPerSecond} MiB/s: {move.Rate:0} MB/s of its memory, downtime {move.Downtime:0} ms; "
                    + $"its longest pause on the way {move.Pause:0} ms, before {move.PauseBefore:0} ms");
            }

            double best = Median(rates);
            double floor = floors.Count > 0 ? Median(floors) : double.NaN;
            double downtime = Median([.. busy.Select(move => move.Downtime)]);
            await output.WriteLineAsync($"migration of {mib} MiB, median of {Rounds}: {best:0} MB/s, floor {floor:0} MB/s, ratio {best / floor:0.00}, downtime {downtime:0} ms");
        }
    }

    /// <summary>A machine that swaps, or kills somebody for want of memory, measures nothing.</summary>
    private static void RequireMemory(int mib)
    {
        var available = long.Parse(
            File.ReadLines("/proc/meminfo").First(static line => line.StartsWith("MemAvailable:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
            CultureInfo.InvariantCulture) / 1024;
        if (available < 2 * mib + SpareMib)
        {
            throw new InvalidOperationException($"a guest of {mib} MiB is there twice while it moves: that takes {2 * mib + SpareMib} MiB, {available} are available");
        }
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    /// <summary>One migration: bytes of guest memory a second, from the call to its end, in MB; the rest in ms.</summary>
    private readonly record struct Move(double Rate, double Downtime, double Pause, double PauseBefore);

    /// <summary>Starts a VM and moves it to and fro, so many times.</summary>
    private static async Task<Move[]> MigrateAsync(XenApiClient client, int mib, int dirtyMib, int times, CancellationToken cancellation)
    {
        var vm = await TestVm.CreateAsync(client, "bench", mib, dirtyMib * PagesPerMib, cancellation);
        await client.CallAsync("VM.start", cancellation, vm, false, false);
        var moves = new Move[times];
        for (var i = 0; i < times; i++)
        {
            await Task.Delay(Warming, cancellation);
            moves[i] = await MigrateAsync(client, vm, mib, cancellation);
        }

        await client.CallAsync("VM.hard_shutdown", cancellation, vm);
        await client.CallAsync("VM.destroy", cancellation, vm);
        return moves;
    }

    private static async Task<Move> MigrateAsync(XenApiClient client, string vm, int mib, CancellationToken cancellation)
    {
        var source = await client.TextAsync("VM.get_resident_on", cancellation, vm);
        var target = ((object[])await client.CallAsync("host.get_all", cancellation)).Cast<string>().First(host => host != source);
        var before = await MillisecondsAsync(client, vm, "longest-pause", cancellation);
        await ScriptAsync(client, vm, "reset-pause", cancellation);
        var clock = Stopwatch.StartNew();
        await client.CallAsync("VM.pool_migrate", cancellation, vm, target, new Dictionary<string, string> { ["live"] = "true" });
        var rate = mib * BytesPerMib / 1e6 / clock.Elapsed.TotalSeconds;
        var move = new Move(rate, await MillisecondsAsync(client, vm, "longest-stop", cancellation), await MillisecondsAsync(client, vm, "longest-pause", cancellation), before);
        var memory = await GuestMemory.VerifyAsync(client, vm, cancellation);
        if (memory.Errors > 0)
        {
            throw new InvalidOperationException($"{memory.Errors} errors in the memory of the VM that moved");
        }

        return move;
    }

    private static async Task<double> MillisecondsAsync(XenApiClient client, string vm, string script, CancellationToken cancellation) =>
        double.Parse(await ScriptAsync(client, vm, script, cancellation), CultureInfo.InvariantCulture);

    private static Task<string> ScriptAsync(XenApiClient client, string vm, string script, CancellationToken cancellation) => client.TextAsync(
        "VM.call_plugin", cancellation, vm, "guest-agent-operation", "run-script", new Dictionary<string, string> { ["script"] = script });
}
