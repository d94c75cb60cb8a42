using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Toolstack.Hosting.Switch;

namespace Toolstack.Bench.Loads;

/// <summary>Calls through the switch, one after another and many at once, beside a C program that makes the same hops over Unix sockets
/// and does nothing else; the original protocol beside the native one; large payloads, a flood, and other brokers.</summary>
internal static class SwitchLoad
{
    private const int Calls = 20_000;
    private const int Rounds = 9;
    private const int CallsARound = 2000;
    private const int PayloadBytes = 256;
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
        await RepeatAsync(Calls, 8, Call(small));
        await RepeatAsync(Calls, 1, Call(small));
        await BesideFloorAsync(() => RepeatAsync(CallsARound, 1, Call(small)), output, cancellation);
        foreach (var callers in AtOnce)
        {
            var many = await RepeatAsync(Calls * 2, callers, Call(small));
            await output.WriteLineAsync($"switch, {callers} callers: {many.PerSecond:0} calls/s, p50 {many.P50:0} us, p99 {many.P99:0} us");
        }

        await CompareProtocolsAsync(socketPath, () => RepeatAsync(CallsARound, 1, Call(small)), output);
        await serving.CancelAsync();
        await loop;

        await LargePayloads.RunAsync(socketPath, output, cancellation);
        await FloodLoad.RunAsync(socketPath, output, cancellation);
        await OtherBrokers.RunAsync(PayloadBytes, output, cancellation);

        Func<Task> Call(byte[] payload) => () => client.CallAsync(Queue, payload, Deadline, retrySafe: false, cancellation);
    }

    /// <summary>The switch and the C program in turns, so that whatever else the machine does falls on both; of each figure and of each ratio of two
    /// neighbouring rounds the median.</summary>
    private static async Task BesideFloorAsync(Func<Task<Latencies>> measure, TextWriter output, CancellationToken cancellation)
    {
        var (own, floor) = (new List<Latencies>(), new List<Latencies>());
        for (var round = 0; round < Rounds; round++)
        {
            own.Add(await measure());
            if (await SwitchFloor.MeasureAsync(PayloadBytes, CallsARound, cancellation) is { } c)
            {
                floor.Add(new Latencies(c.P50, c.P99, 1e6 / c.Mean));
            }
        }

        var median = Median(own);
        var beside = "no C compiler, no floor";
        if (floor.Count > 0)
        {
            var c = Median(floor);
            beside = $"C program p50 {c.P50:0} us, p99 {c.P99:0} us; "
                + $"ratios {Ratio(own, floor, static round => round.P50):0.0} and {Ratio(own, floor, static round => round.P99):0.0}";
        }

        await output.WriteLineAsync(
            $"switch, {PayloadBytes} B, 1 caller: p50 {median.P50:0} us, p99 {median.P99:0} us, {median.PerSecond:0} calls/s; {beside}");
    }

    /// <summary>The original protocol and the native one in turns, as above.</summary>
    private static async Task CompareProtocolsAsync(string path, Func<Task<Latencies>> native, TextWriter output)
    {
        using var compat = new CompatCaller(path);
        compat.Login();
        var text = new string('x', PayloadBytes);
        await RepeatAsync(3000, 1, () => compat.CallAsync(Queue, text));
        var (own, original) = (new List<Latencies>(), new List<Latencies>());
        for (var round = 0; round < Rounds; round++)
        {
            own.Add(await native());
            original.Add(await RepeatAsync(CallsARound, 1, () => compat.CallAsync(Queue, text)));
        }

        var (one, other) = (Median(own), Median(original));
        await output.WriteLineAsync($"switch, original protocol, 1 caller: p50 {other.P50:0} us, p99 {other.P99:0} us, "
            + $"{Ratio(original, own, static round => round.P50):0.0} times the native one (p50 {one.P50:0} us)");
    }

    private static double Ratio(List<Latencies> rounds, List<Latencies> beside, Func<Latencies, double> figure) =>
        rounds.Zip(beside, (one, other) => figure(one) / figure(other)).Order().ElementAt(rounds.Count / 2);

    private static Latencies Median(List<Latencies> rounds) => new(
        rounds.Select(round => round.P50).Order().ElementAt(rounds.Count / 2), rounds.Select(round => round.P99).Order().ElementAt(rounds.Count / 2),
        rounds.Select(round => round.PerSecond).Order().ElementAt(rounds.Count / 2));

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
