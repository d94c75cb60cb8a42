using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;

namespace Toolstack.Bench.Loads;

/// <summary>The native switch by itself: from exec to its first answer, its memory before and after, and the loads on it.</summary>
internal static class SwitchAlone
{
    private const int Starts = 11;

    internal static async Task RunAsync(TextWriter output, CancellationToken cancellation)
    {
        var directory = Directory.CreateTempSubdirectory("bench-switch");
        try
        {
            var path = Path.Combine(directory.FullName, "sock");
            await File.WriteAllTextAsync(path + ".conf", $"switch-path = {path}\nlog-level = error\n", cancellation);
            var binaries = Environment.GetEnvironmentVariable("TOOLSTACK_BIN") ?? "out/bin";
            var program = Path.Combine(binaries, "message-switch");
            var (starts, used) = (new List<double>(), new List<double>());
            for (var start = 0; start < Starts; start++)
            {
                var clock = Stopwatch.StartNew();
                using var once = Process.Start(program, ["--config", path + ".conf"]);
                await ListensAsync(path, cancellation);
                starts.Add(clock.Elapsed.TotalMilliseconds);
                used.Add(once.TotalProcessorTime.TotalMilliseconds);
                once.Kill();
                await once.WaitForExitAsync(CancellationToken.None);
            }

            using var process = Process.Start(program, ["--config", path + ".conf"]);
            try
            {
                await ListensAsync(path, cancellation);
                await output.WriteLineAsync($"message-switch: listens {starts.Order().ElementAt(Starts / 2):0} ms after it is started (median of {Starts}; "
                    + $"the fastest {starts.Min():0} ms), {used.Order().ElementAt(Starts / 2):0} ms of them on a processor; "
                    + $"idle resident {ResidentMib(process):0.0} MiB");
                await output.WriteLineAsync($"message-switch: {await IdleAsync(process, cancellation)} in a second without calls");
                await SwitchLoad.RunAsync(path, output, cancellation);

                // What the loads left behind it gives back within some seconds.
                await Task.Delay(12_000, cancellation);
                await output.WriteLineAsync($"message-switch: resident 12 s after the loads {ResidentMib(process):0.0} MiB");
            }
            finally
            {
                process.Kill();
                await process.WaitForExitAsync(CancellationToken.None);
            }
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    /// <summary>What its threads did in a second: time on a processor, and times they were put on one (proc(5), schedstat).</summary>
    private static async Task<string> IdleAsync(Process process, CancellationToken cancellation)
    {
        // The connection that was tried at the start is forgotten by then.
        await Task.Delay(1000, cancellation);
        var before = Scheduled(process);
        await Task.Delay(1000, cancellation);
        var after = Scheduled(process);
        return $"{(after.Nanoseconds - before.Nanoseconds) / 1000.0:0} us on a processor, {after.Times - before.Times} wake-ups";
    }

    private static (long Nanoseconds, long Times) Scheduled(Process process)
    {
        var (nanoseconds, times) = (0L, 0L);
        foreach (var thread in Directory.EnumerateDirectories($"/proc/{process.Id}/task"))
        {
            var figures = File.ReadAllText(Path.Combine(thread, "schedstat")).Split(' ');
            nanoseconds += long.Parse(figures[0], CultureInfo.InvariantCulture);
            times += long.Parse(figures[2], CultureInfo.InvariantCulture);
        }

        return (nanoseconds, times);
    }

    private static async Task ListensAsync(string path, CancellationToken cancellation)
    {
        while (true)
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation);
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(1, cancellation);
            }
        }
    }

    private static double ResidentMib(Process process)
    {
        var line = File.ReadLines($"/proc/{process.Id}/status").First(text => text.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024.0;
    }
}
