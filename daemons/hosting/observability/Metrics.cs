using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Toolstack.Hosting;

/// <summary>The metrics of a daemon: what every process has, and what its rooms add. Nothing is counted for them alone that is not free.</summary>
public sealed class Metrics
{
    private readonly Lock gate = new();
    private readonly List<Action<MetricsText>> rooms = [];
    private readonly string daemon;
    private readonly string version;
    private readonly DaemonLoggers logs;

    internal Metrics(string daemon, string version, DaemonLoggers logs)
    {
        this.daemon = daemon;
        this.version = version;
        this.logs = logs;
    }

    /// <summary>Has <paramref name="write"/> called, on any thread, for each page.</summary>
    public void Add(Action<MetricsText> write)
    {
        lock (gate)
        {
            rooms.Add(write);
        }
    }

    internal string Page()
    {
        var page = new MetricsText();
        Process(page);
        List<Action<MetricsText>> writers;
        lock (gate)
        {
            writers = [.. rooms];
        }

        writers.ForEach(write => write(page));
        return page.ToString();
    }

    private void Process(MetricsText page)
    {
        page.Gauge("toolstack_build_info", "The build, in its labels.", $"daemon=\"{daemon}\",version", [(version, 1)]);
        page.Gauge("process_resident_memory_bytes", "Resident memory.", ResidentBytes());
        page.Counter("process_cpu_seconds_total", "Processor time, user and system.", Environment.CpuUsage.TotalTime.TotalSeconds);
        page.Gauge("process_open_fds", "Open file descriptors.", Directory.EnumerateFileSystemEntries("/proc/self/fd").Count());
        page.Gauge("process_threads", "Threads.", Directory.EnumerateFileSystemEntries("/proc/self/task").Count());
        page.Gauge("process_start_time_seconds", "When the process started, in seconds since 1970.", StartSeconds());
        page.Gauge("toolstack_heap_bytes", "Bytes of the heap after its last collection.", GC.GetGCMemoryInfo().HeapSizeBytes);
        page.Counter("toolstack_collections_total", "Collections of the heap.", "generation",
            Enumerable.Range(0, GC.MaxGeneration + 1).Select(static g => (g.ToString(CultureInfo.InvariantCulture), (double)GC.CollectionCount(g))));
        page.Counter("toolstack_memory_given_back_total", "How often spare memory went back to the system after a busy phase.", SpareMemory.TimesGivenBack);
        page.Counter("toolstack_log_lines_total", "Log lines, including those the rate limit left out.", "level",
            [("error", logs.Lines(LogLevel.Error)), ("warning", logs.Lines(LogLevel.Warning)), ("info", logs.Lines(LogLevel.Information)), ("debug", logs.Lines(LogLevel.Debug))]);
    }

    private static long ResidentBytes() =>
        long.Parse(File.ReadAllText("/proc/self/statm").Split(' ')[1], CultureInfo.InvariantCulture) * Environment.SystemPageSize;

    private static double StartSeconds()
    {
        using var self = System.Diagnostics.Process.GetCurrentProcess();
        return (self.StartTime.ToUniversalTime() - DateTime.UnixEpoch).TotalSeconds;
    }
}
