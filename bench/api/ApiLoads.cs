using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Toolstack.EndToEnd.Client;
using Toolstack.EndToEnd.Pool;

namespace Toolstack.Bench.Api;

/// <summary>Loads on the XenAPI of one real host. Each line has the value and its ratio to the aim, or to the cheapest call over the same
/// connections in the same run.</summary>
internal static class ApiLoads
{
    private const int JsonAim = 10_000;
    private const int XmlAim = 5_000;
    private const int Waiters = 200;
    private const int ChangesPerSecond = 100;

    private static readonly string[] VmClass = ["vm"];
    private static readonly TimeSpan Span = TimeSpan.FromSeconds(3);

    internal static async Task RunAsync(TextWriter output, CancellationToken cancellation)
    {
        await using var pool = await DevelopmentPool.StartAsync(new PoolOptions { Hosts = 1 }, cancellation);
        using var client = await pool.LoginAsync(cancellation);
        var vm = await TestVm.CreateAsync(client, "bench", 64, 0, cancellation);
        EndPoint tcp = new IPEndPoint(IPAddress.Parse(pool.Coordinator.Address), pool.Coordinator.Url.Port);
        EndPoint unix = new UnixDomainSocketEndPoint(pool.Coordinator.XapiSocket);
        (string, EndPoint)[] servers = [("tcp", tcp), ("unix", unix)];
        foreach (var (name, server) in servers)
        {
            await RecordsAsync(output, name, server, pool, client.Session, vm, cancellation);
        }

        await output.WriteLineAsync($"memory with no VMs, after these loads: {ResidentMib(pool):0.0} MiB resident");
        foreach (var (name, server) in servers)
        {
            await WritesAsync(output, name, server, client.Session, vm, cancellation);
            await EventsAsync(output, name, server, client, vm, pool, cancellation);
        }

        var made = 1;
        foreach (var size in new[] { 1_000, 10_000 })
        {
            await FillAsync(tcp, client.Session, vm, size - made, cancellation);
            made = size;
            await output.WriteLineAsync($"memory with {size} VMs just made: {ResidentMib(pool):0.0} MiB resident");
            foreach (var (name, server) in servers)
            {
                await ListsAsync(output, name, server, client.Session, size, cancellation);
            }

            if (size == 1_000)
            {
                await FairnessLoad.RunAsync(output, tcp, pool, client, vm, cancellation);
            }

            await output.WriteLineAsync($"memory with {size} VMs after these lists: {ResidentMib(pool):0.0} MiB resident");
        }

        await RestartAsync(output, pool, cancellation);
    }

    private static async Task RecordsAsync(
        TextWriter output, string name, EndPoint server, DevelopmentPool pool, string session, string vm, CancellationToken cancellation)
    {
        var alive = ApiConnection.Json("system.isAlive:x", "y");
        var jsonCall = ApiConnection.Json("VM.get_record", session, vm);
        var xmlCall = ApiConnection.Xml("VM.get_record", session, vm);
        foreach (var connections in new[] { 1, 16 })
        {
            var floor = await FloorAsync(server, jsonCall, connections, cancellation);
            var least = await RateAsync(server, () => alive, connections, cancellation);
            var start = ProcessorTime(pool);
            var json = await RateAsync(server, () => jsonCall, connections, cancellation);
            var middle = ProcessorTime(pool);
            var xml = await RateAsync(server, () => xmlCall, connections, cancellation);
            var end = ProcessorTime(pool);
            await output.WriteLineAsync($"VM.get_record {name} x{connections}: JSON {json:0}/s ({json / JsonAim:0.00} of the aim, {json / least:0.00} of isAlive, "
                + $"{json / floor:0.00} of the same bytes from a server that does nothing, {Each(middle - start, json):0} us of CPU each), "
                + $"XML {xml:0}/s ({xml / XmlAim:0.00} of the aim, {Each(end - middle, xml):0} us)");
        }
    }

    private static double Each(TimeSpan processor, double rate) => processor.TotalMicroseconds / (rate * Span.TotalSeconds);

    private static async Task WritesAsync(TextWriter output, string name, EndPoint server, string session, string vm, CancellationToken cancellation)
    {
        foreach (var connections in new[] { 1, 16 })
        {
            var number = 0;
            var rate = await RateAsync(
                server, () => ApiConnection.Json("VM.set_name_description", session, vm, "d" + Interlocked.Increment(ref number)), connections, cancellation);
            var disk = connections == 1 ? FlushesPerSecond() : 0;
            await output.WriteLineAsync($"durable writes {name} x{connections}: {rate:0}/s" + (disk > 0 ? $" ({rate / disk:0.00} of {disk:0} plain flushes/s)" : ""));
        }
    }

    private static async Task ListsAsync(TextWriter output, string over, EndPoint server, string session, int size, CancellationToken cancellation)
    {
        using var connection = await ApiConnection.OpenAsync(server, cancellation);
        foreach (var (name, request) in new[] { ("JSON", ApiConnection.Json("VM.get_all_records", session)), ("XML", ApiConnection.Xml("VM.get_all_records", session)) })
        {
            await connection.ExchangeAsync(request, cancellation);
            var best = TimeSpan.MaxValue;
            var bytes = 0;
            for (var round = 0; round < 5; round++)
            {
                var start = Stopwatch.GetTimestamp();
                bytes = (await connection.ExchangeAsync(request, cancellation)).Length;
                best = TimeSpan.FromTicks(Math.Min(best.Ticks, Stopwatch.GetElapsedTime(start).Ticks));
            }

            var aim = size * 0.1;
            await output.WriteLineAsync($"VM.get_all_records {over} {name} {size} VMs: {best.TotalMilliseconds:0.0} ms ({best.TotalMilliseconds / aim:0.00} of the aim), {bytes / 1048576.0:0.0} MiB");
        }
    }

    private static async Task EventsAsync(TextWriter output, string name, EndPoint server, XenApiClient client, string vm, DevelopmentPool pool, CancellationToken cancellation)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var token = await TokenAsync(server, client.Session, cancellation);
        List<double> latencies = [];
        var waiting = Enumerable.Range(0, Waiters).Select(_ => WaiterAsync(server, client.Session, token, latencies, over.Token)).ToArray();
        await Task.Delay(500, cancellation);
        var before = ProcessorTime(pool);
        var clock = Stopwatch.StartNew();
        using (var connection = await ApiConnection.OpenAsync(server, cancellation))
        {
            for (var change = 0; change < 5 * ChangesPerSecond; change++)
            {
                await connection.ExchangeAsync(ApiConnection.Json("VM.set_name_description", client.Session, vm, $"at {Stopwatch.GetTimestamp()}"), cancellation);
                var due = TimeSpan.FromSeconds((change + 1.0) / ChangesPerSecond) - clock.Elapsed;
                await Task.Delay(due > TimeSpan.Zero ? due : TimeSpan.Zero, cancellation);
            }
        }

        var cores = (ProcessorTime(pool) - before).TotalSeconds / clock.Elapsed.TotalSeconds;
        await over.CancelAsync();
        await Task.WhenAll(waiting);
        // All waiters have ended: nobody adds any more.
        latencies.Sort();
        var p99 = latencies.Count == 0 ? double.NaN : latencies[(int)(latencies.Count * 0.99)];
        await output.WriteLineAsync($"event.from {name}, {Waiters} waiters, {ChangesPerSecond} changes/s: {latencies.Count} answers, p99 {p99:0} ms after the newest change in it "
            + $"({p99 / 200:0.00} of 150 ms beyond the batching), {cores:0.00} cores ({cores / 0.5:0.00} of the aim)");
    }

    private static async Task WaiterAsync(EndPoint server, string session, string token, List<double> latencies, CancellationToken cancellation)
    {
        try
        {
            using var connection = await ApiConnection.OpenAsync(server, cancellation);
            while (true)
            {
                var answer = await connection.ExchangeAsync(ApiConnection.Json("event.from", session, VmClass, token, 60), cancellation);
                var now = Stopwatch.GetTimestamp();
                using var document = JsonDocument.Parse(answer);
                var result = document.RootElement.GetProperty("result");
                token = result.GetProperty("token").GetString()!;
                foreach (var change in result.GetProperty("events").EnumerateArray())
                {
                    var text = change.GetProperty("snapshot").GetProperty("name_description").GetString()!;
                    if (text.StartsWith("at ", StringComparison.Ordinal))
                    {
                        lock (latencies)
                        {
                            latencies.Add(Stopwatch.GetElapsedTime(long.Parse(text.AsSpan(3), System.Globalization.CultureInfo.InvariantCulture), now).TotalMilliseconds);
                        }
                    }
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The load is over.
        }
    }

    private static async Task<string> TokenAsync(EndPoint server, string session, CancellationToken cancellation)
    {
        using var connection = await ApiConnection.OpenAsync(server, cancellation);
        using var document = JsonDocument.Parse(await connection.ExchangeAsync(ApiConnection.Json("event.from", session, VmClass, "", 0), cancellation));
        return document.RootElement.GetProperty("result").GetProperty("token").GetString()!;
    }

    /// <summary>VMs made from the record of one, as a client that restores a backup makes them.</summary>
    private static async Task FillAsync(EndPoint server, string session, string vm, int count, CancellationToken cancellation)
    {
        byte[] create;
        using (var connection = await ApiConnection.OpenAsync(server, cancellation))
        {
            using var document = JsonDocument.Parse(await connection.ExchangeAsync(ApiConnection.Json("VM.get_record", session, vm), cancellation));
            create = ApiConnection.Request(
                "/jsonrpc", $"{{\"jsonrpc\":\"2.0\",\"method\":\"VM.create\",\"params\":[\"{session}\",{document.RootElement.GetProperty("result").GetRawText()}],\"id\":1}}");
        }

        var left = count;
        await Task.WhenAll(Enumerable.Range(0, 32).Select(async _ =>
        {
            using var connection = await ApiConnection.OpenAsync(server, cancellation);
            while (Interlocked.Decrement(ref left) >= 0)
            {
                var answer = Encoding.UTF8.GetString((await connection.ExchangeAsync(create, cancellation)).Span);
                if (answer.Contains("\"error\"", StringComparison.Ordinal))
                {
                    throw new InvalidOperationException("VM.create: " + answer);
                }
            }
        }));
    }

    private static async Task RestartAsync(TextWriter output, DevelopmentPool pool, CancellationToken cancellation)
    {
        var xapi = pool.Coordinator.Xapi;
        var pid = xapi.Pid;
        xapi.Kill();
        await xapi.WaitForRestartAsync(pid, cancellation);
        await output.WriteLineAsync($"memory with 10000 VMs after a restart: {ResidentMib(pool):0.0} MiB resident");
        await output.WriteLineAsync($"restart with 10000 VMs: ready {xapi.StartToReady.TotalMilliseconds:0} ms after exec ({xapi.StartToReady.TotalSeconds:0.00} of the aim)");
    }

    private static Task<double> RateAsync(EndPoint server, Func<byte[]> request, int connections, CancellationToken cancellation) =>
        Task.Run(() => BlockingLoad.Rate(server, request, connections, Span), cancellation);

    private static Task<double> FloorAsync(EndPoint server, byte[] request, int connections, CancellationToken cancellation) =>
        Task.Run(() => BlockingLoad.Floor(server, request, connections, Span), cancellation);

    /// <summary>What the disk does at best: one page written and flushed, again and again.</summary>
    private static double FlushesPerSecond()
    {
        var path = Path.GetTempFileName();
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.None, 0);
            var page = new byte[4096];
            var clock = Stopwatch.StartNew();
            var count = 0;
            for (; clock.Elapsed < TimeSpan.FromSeconds(1); count++)
            {
                file.Write(page);
                file.Flush(flushToDisk: true);
            }

            return count / clock.Elapsed.TotalSeconds;
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static TimeSpan ProcessorTime(DevelopmentPool pool)
    {
        using var process = Process.GetProcessById(pool.Coordinator.Xapi.Pid);
        return process.TotalProcessorTime;
    }

    private static double ResidentMib(DevelopmentPool pool)
    {
        using var process = Process.GetProcessById(pool.Coordinator.Xapi.Pid);
        return process.WorkingSet64 / 1048576.0;
    }
}
