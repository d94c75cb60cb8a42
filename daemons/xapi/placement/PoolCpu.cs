using System.Collections.Immutable;
using System.Globalization;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.VirtualMachines;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xapi.Placement;

/// <summary>What the CPUs of the pool's hosts have in common (<c>pool.cpu_info</c>): a VM boots with no more, so that it can go to any of them.</summary>
internal sealed class PoolCpu(XapiDatabase database)
{
    private const string Vendor = "vendor";
    private const string Count = "cpu_count";
    private const string Sockets = "socket_count";
    private const string PvFeatures = "features_pv_host";
    private const string HvmFeatures = "features_hvm_host";
    private const string Featureset = "featureset";

    /// <summary>Brings the pool's row in line with those of its hosts. Hosts that do it at the same time agree: each looks again after its
    /// change, so the last to write has seen them all.</summary>
    internal async Task RefreshAsync(CancellationToken cancel)
    {
        ImmutableSortedDictionary<string, string>? written = null;
        while (true)
        {
            ImmutableSortedDictionary<string, string> level = Level((await database.GetAll<host>(cancel).ConfigureAwait(false)).Select(static h => h.Value));
            if (written is not null && level.SequenceEqual(written))
            {
                return;
            }

            written = level;
            foreach ((Ref<pool> self, _) in await database.GetAll<pool>(cancel).ConfigureAwait(false))
            {
                await database.Update(self, row => row with { cpu_info = level }, cancel).ConfigureAwait(false);
            }
        }
    }

    /// <summary>The features that a VM is to have: as it was when it is resumed, the pool's at its next boot. Null when its platform says, or nothing
    /// is known.</summary>
    internal async ValueTask<string?> FeaturesOfAsync(VM row, CancellationToken cancel)
    {
        if (row.platform.ContainsKey(Featureset))
        {
            return null;
        }

        if (row.power_state == vm_power_state.Suspended)
        {
            return BootedWith(row);
        }

        string key = VmRows.EffectiveDomainType(row) == domain_type.pv ? PvFeatures : HvmFeatures;
        return (await database.GetAll<pool>(cancel).ConfigureAwait(false)).Select(p => p.Value.cpu_info.GetValueOrDefault(key, ""))
            .FirstOrDefault(static f => f.Length > 0);
    }

    /// <summary>The features that a VM has booted with last, or null.</summary>
    internal static string? BootedWith(VM row) => row.last_boot_CPU_flags.GetValueOrDefault("features") is { Length: > 0 } features ? features : null;

    internal static ImmutableSortedDictionary<string, string> Level(IEnumerable<host> hosts)
    {
        (string vendor, string pv, string hvm) = ("", "", "");
        (long cpus, long sockets) = (0, 0);
        foreach (ImmutableSortedDictionary<string, string> cpu in hosts.Select(static h => h.cpu_info).Where(static c => c.ContainsKey(Vendor)))
        {
            vendor = cpu[Vendor];
            cpus += Number(cpu, Count);
            sockets += Number(cpu, Sockets);
            pv = Common(pv, cpu.GetValueOrDefault(PvFeatures, ""));
            hvm = Common(hvm, cpu.GetValueOrDefault(HvmFeatures, ""));
        }

        return ImmutableSortedDictionary.CreateRange(StringComparer.Ordinal,
        [
            KeyValuePair.Create(Vendor, vendor), KeyValuePair.Create(Count, cpus.ToString(CultureInfo.InvariantCulture)),
            KeyValuePair.Create(Sockets, sockets.ToString(CultureInfo.InvariantCulture)), KeyValuePair.Create(PvFeatures, pv),
            KeyValuePair.Create(HvmFeatures, hvm),
        ]);
    }

    /// <summary>What both have. An empty set stands for one that is not known and takes nothing away.</summary>
    internal static string Common(string one, string other) => (one, other) switch
    {
        ("", _) => other,
        (_, "") => one,
        _ => CpuPolicy.Combine(one, other, lenient: true),
    };

    private static long Number(ImmutableSortedDictionary<string, string> cpu, string key) =>
        long.TryParse(cpu.GetValueOrDefault(key), NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : 0;
}
