using System.Collections.Immutable;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xapi.Xenops;

/// <summary>What a guest's agent wrote into its part of xenstore, as VM_guest_metrics shows it. Pure. Source: the guests' xenstore protocol.</summary>
internal static class GuestReport
{
    private const string FeaturePrefix = "control/feature-";
    private const string InterfacePrefix = "attr/vif/";

    private static readonly ImmutableArray<(string Path, string Key)> DriverVersion =
    [
        ("attr/PVAddons/MajorVersion", "major"), ("attr/PVAddons/MinorVersion", "minor"), ("attr/PVAddons/MicroVersion", "micro"),
        ("attr/PVAddons/BuildVersion", "build"),
    ];

    private static readonly ImmutableArray<(string Path, string Key)> SystemVersion =
    [
        ("data/os_name", "name"), ("data/os_uname", "uname"), ("data/os_distro", "distro"), ("data/os_majorver", "major"),
        ("data/os_minorver", "minor"), ("attr/os/spmajor", "spmajor"), ("attr/os/spminor", "spminor"),
    ];

    internal static VM_guest_metrics Apply(VM_guest_metrics row, VmState state)
    {
        ImmutableSortedDictionary<string, string> tree = state.guest_agent;
        ImmutableSortedDictionary<string, string> version = Pick(tree, DriverVersion);
        return row with
        {
            PV_drivers_version = version,
            PV_drivers_detected = state.pv_drivers_detected,
            PV_drivers_up_to_date = state.pv_drivers_detected || !version.IsEmpty,
            os_version = Pick(tree, SystemVersion),
            networks = Networks(tree),
            other = Other(tree),
            live = true,
            can_use_hotplug_vbd = Tristate(tree, "feature/hotplug/vbd"),
            can_use_hotplug_vif = Tristate(tree, "feature/hotplug/vif"),
        };
    }

    private static ImmutableSortedDictionary<string, string> Pick(
        ImmutableSortedDictionary<string, string> tree, ImmutableArray<(string Path, string Key)> keys) =>
        ImmutableSortedDictionary.CreateRange(
            keys.Where(k => tree.ContainsKey(k.Path)).Select(k => KeyValuePair.Create(k.Key, tree[k.Path])));

    /// <summary><c>attr/vif/0/ipv4/0</c> becomes <c>0/ipv4/0</c>; the first IPv4 address of an interface is also <c>0/ip</c>.</summary>
    private static ImmutableSortedDictionary<string, string> Networks(ImmutableSortedDictionary<string, string> tree)
    {
        ImmutableSortedDictionary<string, string>.Builder networks = ImmutableSortedDictionary.CreateBuilder<string, string>();
        foreach ((string path, string value) in tree.Where(static t => t.Key.StartsWith(InterfacePrefix, StringComparison.Ordinal)))
        {
            string[] parts = path[InterfacePrefix.Length..].Split('/');
            if (parts is [_, "ipv4" or "ipv6", _])
            {
                networks[string.Join('/', parts)] = value;
                if (parts is [var device, "ipv4", "0"])
                {
                    networks[device + "/ip"] = value;
                }
            }
        }

        return networks.ToImmutable();
    }

    /// <summary>The features that the guest declares, and why it cannot be suspended if it says so.</summary>
    private static ImmutableSortedDictionary<string, string> Other(ImmutableSortedDictionary<string, string> tree)
    {
        ImmutableSortedDictionary<string, string>.Builder other = ImmutableSortedDictionary.CreateBuilder<string, string>();
        foreach ((string path, string value) in tree)
        {
            if (path.StartsWith(FeaturePrefix, StringComparison.Ordinal))
            {
                other[path["control/".Length..]] = value;
            }
            else if (path is "data/cant_suspend_reason")
            {
                other["data-cant-suspend-reason"] = value;
            }
        }

        return other.ToImmutable();
    }

    private static tristate_type Tristate(ImmutableSortedDictionary<string, string> tree, string path) => tree.GetValueOrDefault(path) switch
    {
        "1" => tristate_type.yes,
        "0" => tristate_type.no,
        _ => tristate_type.unspecified,
    };
}
