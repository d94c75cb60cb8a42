using System.Diagnostics;
using System.Net;
using Toolstack.EndToEnd.Client;
using Toolstack.EndToEnd.Pool;

namespace Toolstack.Bench.Api;

/// <summary>What a login, and the start and shutdown of a VM, take while another client reads all it can over many connections, beside what they take alone.
/// The aim is that they are delayed by a quarter of a second at most.</summary>
internal static class FairnessLoad
{
    private const int Hammers = 32;
    private const int Rounds = 20;
    private const double AimMilliseconds = 250;

    internal static async Task RunAsync(TextWriter output, EndPoint server, DevelopmentPool pool, XenApiClient client, string vm, CancellationToken cancellation)
    {
        var alone = await MeasureAsync(pool, client, vm, cancellation);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var greedy = await pool.LoginAsync(cancellation);
        var answers = 0;
        var hammers = Enumerable.Range(0, Hammers).Select(_ => Task.Run(
            async () =>
            {
                var request = ApiConnection.Json("VM.get_all_records", greedy.Session);
                using var connection = await ApiConnection.OpenAsync(server, over.Token);
                while (!over.IsCancellationRequested)
                {
                    await connection.ExchangeAsync(request, over.Token);
                    Interlocked.Increment(ref answers);
                }
            },
            cancellation)).ToArray();
        var clock = Stopwatch.StartNew();
        var beside = await MeasureAsync(pool, client, vm, cancellation);
        var rate = answers / clock.Elapsed.TotalSeconds;
        await over.CancelAsync();
        await Task.WhenAll(hammers).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var (what, before, after) in alone.Zip(beside, static (a, b) => (a.What, a.Worst, b.Worst)))
        {
            var delay = Math.Max(0, (after - before).TotalMilliseconds);
            await output.WriteLineAsync($"{what}: at worst {before.TotalMilliseconds:0} ms alone, {after.TotalMilliseconds:0} ms beside {Hammers} connections that read "
                + $"all VMs ({rate:0.0} lists/s): delayed by {delay / AimMilliseconds:0.00} of the bound");
        }
    }

    private static async Task<(string What, TimeSpan Worst)[]> MeasureAsync(DevelopmentPool pool, XenApiClient client, string vm, CancellationToken cancellation)
    {
        var (login, start, shutdown) = (TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero);
        for (var round = 0; round < Rounds; round++)
        {
            login = await WorstAsync(login, async () => (await pool.LoginAsync(cancellation)).Dispose());
            start = await WorstAsync(start, () => client.CallAsync("VM.start", cancellation, vm, false, false));
            shutdown = await WorstAsync(shutdown, () => client.CallAsync("VM.hard_shutdown", cancellation, vm));
        }

        return [("login", login), ("VM.start", start), ("VM.hard_shutdown", shutdown)];
    }

    private static async Task<TimeSpan> WorstAsync(TimeSpan worst, Func<Task> call)
    {
        var began = Stopwatch.GetTimestamp();
        await call();
        var took = Stopwatch.GetElapsedTime(began);
        return took > worst ? took : worst;
    }
}
