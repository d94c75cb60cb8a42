using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Server;

/// <summary>The host's CPUs as Linux describes them (/proc/cpuinfo): the first one stands for all.</summary>
public static class CpuDescription
{
    private const string CpuInfoFile = "/proc/cpuinfo";

    /// <summary>An empty description where the file cannot be read.</summary>
    public static CpuInfo Read(int cpuCount)
    {
        try
        {
            return Parse(File.ReadLines(CpuInfoFile), cpuCount);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return Parse([], cpuCount);
        }
    }

    internal static CpuInfo Parse(IEnumerable<string> lines, int cpuCount)
    {
        var first = new Dictionary<string, string>(StringComparer.Ordinal);
        var sockets = new HashSet<string>(StringComparer.Ordinal);
        foreach (string line in lines)
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon < 0)
            {
                continue;
            }

            string name = line[..colon].Trim();
            string value = line[(colon + 1)..].Trim();
            first.TryAdd(name, value);
            if (name == "physical id")
            {
                sockets.Add(value);
            }
        }

        return new CpuInfo
        {
            cpu_count = cpuCount,
            socket_count = Math.Max(1, sockets.Count),
            threads_per_core = 1,
            nr_nodes = 1,
            vendor = first.GetValueOrDefault("vendor_id", ""),
            speed = first.GetValueOrDefault("cpu MHz", ""),
            modelname = first.GetValueOrDefault("model name", ""),
            family = first.GetValueOrDefault("cpu family", ""),
            model = first.GetValueOrDefault("model", ""),
            stepping = first.GetValueOrDefault("stepping", ""),
            flags = first.GetValueOrDefault("flags", ""),
        };
    }
}
