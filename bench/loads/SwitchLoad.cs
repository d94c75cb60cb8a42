using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Toolstack.Hosting.Switch;

namespace Toolstack.Bench.Loads;

/// <summary>Calls through the switch, one after another and many at once, beside a C program that makes the same hops over Unix sockets
/// and does nothing else; large payloads in sealed memory beside the same program copying them; the original protocol beside the native one.</summary>
internal static class SwitchLoad
{
    private const int Calls = 20_000;
    private const int PayloadBytes = 256;
    private const int LargeCalls = 500;
    private const int LargeBytes = 1024 * 1024;
    private const string Queue = "org.xen.xapi.bench";

    private static readonly int[] AtOnce = [8, 64];
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    internal static async Task RunAsync(string socketPath, TextWriter output, CancellationToken cancellation)
    {
        await using var server = Connect(socketPath, "bench-server");
        await using var client = Connect(socketPath, "bench-client");
        using var serving = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var loop = server.ServeAsync(Queue, (request, _) => ValueTask.FromResult(request.Payload), AtOnce[^1], serving.Token);

        var small = new byte[PayloadBytes];
        await RepeatAsync(3000, 1, Call(small));
        var one = await RepeatAsync(Calls, 1, Call(small));
        await PrintAsync($"switch, {PayloadBytes} B, 1 caller", one, await SwitchFloor.MeasureAsync(PayloadBytes, Calls, cancellation));
        foreach (var callers in AtOnce)
        {
            var many = await RepeatAsync(Calls * 2, callers, Call(small));
            await output.WriteLineAsync($"switch, {callers} callers: {many.PerSecond:0} calls/s, p50 {many.P50:0} us, p99 {many.P99:0} us");
        }

        var large = new byte[LargeBytes];
        Random.Shared.NextBytes(large);
        await RepeatAsync(50, 1, Call(large));
        await PrintAsync("switch, 1 MiB each way in sealed memory, 1 caller", await RepeatAsync(LargeCalls, 1, Call(large)),
            await SwitchFloor.MeasureAsync(LargeBytes, LargeCalls, cancellation));

        using var compat = new CompatCaller(socketPath);
        await compat.LoginAsync();
        var text = new string('x', PayloadBytes);
        await RepeatAsync(3000, 1, () => compat.CallAsync(Queue, text));
        var original = await RepeatAsync(Calls / 2, 1, () => compat.CallAsync(Queue, text));
        await output.WriteLineAsync($"switch, original protocol, 1 caller: p50 {original.P50:0} us, p99 {original.P99:0} us, "
            + $"{original.P50 / one.P50:0.0} times the native one");

        await serving.CancelAsync();
        try
        {
            await loop;
        }
        catch (OperationCanceledException)
        {
            // Asked for.
        }

        Func<Task> Call(byte[] payload) => () => client.CallAsync(Queue, payload, Deadline, retrySafe: false, cancellation);

        Task PrintAsync(string what, Latencies measured, (double P50, double P99, double Mean)? floor) => output.WriteLineAsync(
            $"{what}: p50 {measured.P50:0} us, p99 {measured.P99:0} us, {measured.PerSecond:0} calls/s; " + (floor is { } c
                ? $"C program p50 {c.P50:0} us, p99 {c.P99:0} us; ratios {measured.P50 / c.P50:0.0} and {measured.P99 / c.P99:0.0}"
                : "no C compiler, no floor"));
    }

    private static async Task<Latencies> RepeatAsync(int calls, int callers, Func<Task> call)
    {
        var times = new double[callers][];
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
        {
            var own = times[caller] = new double[calls / callers];
            for (var index = 0; index < own.Length; index++)
            {
                var start = Stopwatch.GetTimestamp();
                await call();
                own[index] = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
            }
        })));
        var seconds = clock.Elapsed.TotalSeconds;
        var all = times.SelectMany(own => own).Order().ToList();
        return new Latencies(all[all.Count / 2], all[all.Count * 99 / 100], all.Count / seconds);
    }

    private static SwitchConnection Connect(string path, string name)
    {
        var connection = new SwitchConnection(new SwitchOptions(path, name), NullLogger.Instance);
        connection.Start();
        return connection;
    }

    /// <summary>Microseconds, and calls per second.</summary>
    private readonly record struct Latencies(double P50, double P99, double PerSecond);
}
