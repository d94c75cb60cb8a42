using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Toolstack.Hosting.Switch;

namespace Toolstack.Bench.Loads;

/// <summary>The latency of a calm client's calls while another client sends to a queue of its own as fast as it can.</summary>
internal static class FloodLoad
{
    private const string Calm = "org.xen.xapi.bench.calm";
    private const string Flooded = "org.xen.xapi.bench.flooded";
    private const int Calls = 4000;
    private const int AtOnce = 512;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    internal static async Task RunAsync(string path, TextWriter output, CancellationToken cancellation)
    {
        await using var server = Connect(path, "bench-calm-server");
        await using var client = Connect(path, "bench-calm");
        using var serving = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var loop = server.ServeAsync(Calm, static (request, _) => ValueTask.FromResult(request.Payload), 8, serving.Token);
        await MeasureAsync(client, cancellation);
        var alone = await MeasureAsync(client, cancellation);

        using var flooder = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, ["flood", path]) { RedirectStandardOutput = true, RedirectStandardInput = true })!;
        await flooder.StandardOutput.ReadLineAsync(cancellation);
        var beside = await MeasureAsync(client, cancellation);
        flooder.StandardInput.Close();
        var rate = await flooder.StandardOutput.ReadLineAsync(cancellation);
        await flooder.WaitForExitAsync(cancellation);
        await serving.CancelAsync();
        await loop;
        await output.WriteLineAsync($"switch, 1 caller beside another process that floods with {rate} calls/s, {AtOnce} at once: "
            + $"p50 {beside.P50:0} us, p99 {beside.P99:0} us; alone p50 {alone.P50:0} us, p99 {alone.P99:0} us");
    }

    /// <summary>The process that floods: says when it does, and its rate when its standard input ends.</summary>
    internal static async Task FloodAsync(string path, CancellationToken cancellation)
    {
        await using var sink = Connect(path, "bench-sink");
        await using var flooder = Connect(path, "bench-flooder");
        _ = sink.ServeAsync(Flooded, static (_, _) => ValueTask.FromResult<ReadOnlyMemory<byte>>(default), 256, cancellation);
        var payload = new byte[256];
        var flooded = 0L;
        for (var caller = 0; caller < AtOnce; caller++)
        {
            _ = Task.Run(async () =>
            {
                while (!cancellation.IsCancellationRequested)
                {
                    await flooder.CallAsync(Flooded, payload, Deadline, false, cancellation);
                    Interlocked.Increment(ref flooded);
                }
            }, cancellation);
        }

        while (Interlocked.Read(ref flooded) < AtOnce * 10)
        {
            await Task.Delay(10, cancellation);
        }

        var (before, clock) = (Interlocked.Read(ref flooded), Stopwatch.StartNew());
        await Console.Out.WriteLineAsync("flooding");
        await Console.In.ReadToEndAsync(cancellation);
        await Console.Out.WriteLineAsync($"{(Interlocked.Read(ref flooded) - before) / clock.Elapsed.TotalSeconds:0}");
    }

    private static async Task<(double P50, double P99)> MeasureAsync(SwitchConnection client, CancellationToken cancellation)
    {
        var payload = new byte[256];
        var times = new double[Calls];
        for (var call = 0; call < Calls; call++)
        {
            var start = Stopwatch.GetTimestamp();
            await client.CallAsync(Calm, payload, Deadline, false, cancellation);
            times[call] = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
        }

        Array.Sort(times);
        return (times[Calls / 2], times[Calls * 99 / 100]);
    }

    private static SwitchConnection Connect(string path, string name)
    {
        var connection = new SwitchConnection(new SwitchOptions(path, name), NullLogger.Instance);
        connection.Start();
        return connection;
    }
}
