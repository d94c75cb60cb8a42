using System.Collections.Immutable;
using System.Globalization;
using Toolstack.Hosting;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xapi.Pool;

/// <summary>What this host says about itself in its rows: from the inventory, the kernel, and xenopsd where it has answered. Memory in bytes.</summary>
internal sealed record HostFacts
{
    private const long Kibibyte = 1024;
    private const long Mebibyte = 1024 * 1024;
    private const string KernelRelease = "/proc/sys/kernel/osrelease";
    private const string HypervisorType = "/sys/hypervisor/type";
    private const string MemoryInfo = "/proc/meminfo";

    public required string ControlDomainUuid { get; init; }

    public required ImmutableSortedDictionary<string, string> SoftwareVersion { get; init; }

    /// <summary>Memory that the control domain has of the host's; 0 where xapi does not run in one (a simulated host).</summary>
    public required long ControlDomainMemory { get; init; }

    /// <summary>What follows comes from xenopsd; null until it answers.</summary>
    public HostInfo? Info { get; init; }

    public long TotalMemory { get; init; }

    /// <summary>What is known without xenopsd.</summary>
    internal static HostFacts Read(string inventoryPath, string version)
    {
        ImmutableDictionary<string, string> inventory = Inventory.Read(inventoryPath);
        return new HostFacts
        {
            ControlDomainUuid = Inventory.EnsureUuid(inventoryPath, Inventory.ControlDomainUuid),
            ControlDomainMemory = Line(HypervisorType) == "xen" ? KernelMemory() : 0,
            SoftwareVersion = ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal,
            [
                Fact("product_brand", "PRODUCT_BRAND", "XAPI"),
                Fact("product_version", "PRODUCT_VERSION", version),
                Fact("product_version_text", "PRODUCT_VERSION_TEXT", version),
                Fact("platform_name", "PLATFORM_NAME", "XCP"),
                Fact("platform_version", "PLATFORM_VERSION", version),
                Fact("build_number", "BUILD_NUMBER", "0"),
                KeyValuePair.Create("db_schema", string.Create(CultureInfo.InvariantCulture, $"{Datamodel.Datamodel.SchemaMajor}.{Datamodel.Datamodel.SchemaMinor}")),
                KeyValuePair.Create("hostname", Environment.MachineName),
                KeyValuePair.Create("linux", Line(KernelRelease) ?? ""),
                KeyValuePair.Create("xapi", version),
                KeyValuePair.Create("xapi_build", version),
                KeyValuePair.Create("xapi_build_id", BuildId.Of()),
            ]),
        };

        KeyValuePair<string, string> Fact(string key, string inventoryKey, string otherwise) =>
            KeyValuePair.Create(key, inventory.GetValueOrDefault(inventoryKey, otherwise));
    }

    /// <summary>These facts with what xenopsd says.</summary>
    internal async Task<HostFacts> AskAsync(IXenops xenops, string debug, CancellationToken cancel)
    {
        HostInfo info = await xenops.HostStat(debug, cancel).ConfigureAwait(false);
        long total = await xenops.HostGetTotalMemoryMib(debug, cancel).ConfigureAwait(false);
        return this with
        {
            Info = info,
            TotalMemory = total * Mebibyte,
            SoftwareVersion = SoftwareVersion.SetItem("xen", info.hypervisor.version),
        };
    }

    internal static ImmutableSortedDictionary<string, string> CpuInfo(CpuInfo cpu) => ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal,
    [
        Number("cpu_count", cpu.cpu_count), Number("socket_count", cpu.socket_count), Number("threads_per_core", cpu.threads_per_core),
        Number("nr_nodes", cpu.nr_nodes),
        KeyValuePair.Create("vendor", cpu.vendor), KeyValuePair.Create("speed", cpu.speed), KeyValuePair.Create("modelname", cpu.modelname),
        KeyValuePair.Create("family", cpu.family), KeyValuePair.Create("model", cpu.model), KeyValuePair.Create("stepping", cpu.stepping),
        KeyValuePair.Create("flags", cpu.flags), KeyValuePair.Create("features", cpu.features),
        KeyValuePair.Create("features_pv", cpu.features_pv), KeyValuePair.Create("features_hvm", cpu.features_hvm),
        KeyValuePair.Create("features_pv_host", cpu.features_pv_host), KeyValuePair.Create("features_hvm_host", cpu.features_hvm_host),
    ]);

    private static KeyValuePair<string, string> Number(string key, long value) => KeyValuePair.Create(key, value.ToString(CultureInfo.InvariantCulture));

    private static string? Line(string path) => ConfigText.Read(path)?.Trim();

    private static long KernelMemory()
    {
        foreach (string line in (ConfigText.Read(MemoryInfo) ?? "").Split('\n'))
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words is ["MemTotal:", var number, ..] && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out long kibibytes))
            {
                return kibibytes * Kibibyte;
            }
        }

        throw new ConfigurationException($"{MemoryInfo}: has no MemTotal");
    }
}
