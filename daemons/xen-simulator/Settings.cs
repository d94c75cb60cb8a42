using Toolstack.Hosting;
using Toolstack.XenSimulator.Host;

namespace Toolstack.XenSimulator;

/// <summary>The configuration keys of the simulated host.</summary>
internal static class Settings
{
    private const int BytesPerMibShift = 20;

    internal static readonly ConfigKey<string> HypervisorPath = ConfigKey.FilePath(
        "hypervisor-path", "/var/run/xen-simulator/hypervisor", "Unix socket of the hypercalls.");

    internal static readonly ConfigKey<string> XenstorePath = ConfigKey.FilePath(
        "xenstore-path", "/var/run/xen-simulator/xenstore", "Unix socket of xenstore.");

    internal static readonly ConfigKey<long> MemoryMib = ConfigKey.Integer(
        "memory-mib", 4096, 64, 1L << 30, "Memory for guests, in MiB; it is taken from this machine only as guests write to it.");

    internal static readonly ConfigKey<long> Cpus = ConfigKey.Integer(
        "cpus", 0, 0, 4096, "CPUs of the host; 0 for as many as this machine has.");

    internal static readonly ConfigKey<string> CpuFeatures = ConfigKey.Text(
        "cpu-features", "", "Features of the CPUs: words of Xen's featuresets, eight hexadecimal digits each, joined by dashes; empty for those of this machine.");

    internal static IReadOnlyList<ConfigKey> All { get; } = [HypervisorPath, XenstorePath, MemoryMib, Cpus, CpuFeatures];

    internal static HostOptions Host(Configuration configuration) => new(
        configuration.Get(MemoryMib) << BytesPerMibShift,
        configuration.Get(Cpus) is > 0 and var cpus ? (int)cpus : Environment.ProcessorCount,
        configuration.Get(XenstorePath))
    {
        CpuFeatures = configuration.Get(CpuFeatures) is { Length: > 0 } features ? features : MachineCpu.Features,
    };
}
