using System.Collections.Immutable;
using System.Globalization;
using Toolstack.Xenopsd.Backends.Domains.Memory;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Backends.Domains.Tree;

/// <summary>What the tree of one domain is made from besides its configuration. Memory in KiB; <see cref="MonotonicNanoseconds"/> tells
/// when it was made in a clock that knows no leaps.</summary>
public sealed record NewTree(
    int Domid, DomainConfig Config, GuestKind Kind, InitialMemory Memory, long MonotonicNanoseconds, Guid UniqueId);

/// <summary>The xenstore tree of a new domain, whole: one transaction writes it, so that whoever finds the domain finds all of it. It asks
/// for the domain's end (<see cref="StoreKeys.ActionRequest"/>) until somebody takes that back.</summary>
public static class DomainTree
{
    /// <summary>Directories of the guest's own.</summary>
    private static readonly string[] GuestDirectories =
    [
        "device", "device/vbd", "device/9pfs", "device/vif", "feature", "error", "drivers", "control", "attr", "xenserver/attr", "data",
        "messages", "vm-data", "hvmloader", "rrd",
    ];

    private static readonly string[] PrivateDirectories = ["device", "device/vbd", "device/9pfs", "device/vif"];

    /// <summary>A platform that brings its own network stack: the guest makes no VIF directory there.</summary>
    private const string NetscalerKey = "netscaler";
    private const string NetscalerValue = "XSI-254";

    private static readonly ImmutableSortedDictionary<string, string> Nothing = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>What a domain with the same domid may have left.</summary>
    public static IReadOnlyList<string> Leftovers(int domid) => [StorePaths.Domain(domid), StorePaths.Private(domid), StorePaths.Libxl(domid)];

    public static IReadOnlyList<StoreNode> Create(NewTree tree)
    {
        ArgumentNullException.ThrowIfNull(tree);
        List<StoreNode> nodes = [];
        Identity(tree, nodes);
        Directories(tree, nodes);
        Keys(tree, nodes);
        Memory(tree, nodes);
        return nodes;
    }

    private static void Identity(NewTree tree, List<StoreNode> nodes)
    {
        var (domid, config) = (tree.Domid, tree.Config);
        var byGuest = NodeAccess.ReadByGuest(domid);
        string vm = StorePaths.Vm(config.VmId);
        nodes.Add(new(StorePaths.Domain(domid), "", byGuest));
        nodes.Add(new(StorePaths.Domain(domid, StoreKeys.ActionRequest), StoreKeys.Poweroff));
        nodes.Add(new(StorePaths.Private(domid), "", NodeAccess.Private));
        nodes.Add(new(StorePaths.Libxl(domid), "", NodeAccess.Private));
        nodes.Add(new(vm, "", byGuest));
        nodes.Add(new(vm + "/uuid", config.VmId, byGuest));
        nodes.Add(new(vm + "/name", config.Name, byGuest));
        if (config.FinalId is { } finalId)
        {
            nodes.Add(new(vm + "/final-uuid", finalId, byGuest));
        }

        nodes.Add(new(StorePaths.VmDomain(config.VmId, domid), StorePaths.Domain(domid), byGuest));
        nodes.Add(new(StorePaths.VmDomain(config.VmId, domid) + "/create-time", Number(tree.MonotonicNanoseconds)));
        nodes.Add(new(StorePaths.Domain(domid, "vm"), vm));
        nodes.Add(new(StorePaths.Domain(domid, StoreKeys.Name), config.Name));
    }

    private static void Directories(NewTree tree, List<StoreNode> nodes)
    {
        int domid = tree.Domid;
        bool netscaler = tree.Config.Platform.GetValueOrDefault(NetscalerKey) == NetscalerValue;
        foreach (string readable in (string[])["cpu", "memory"])
        {
            nodes.Add(new(StorePaths.Domain(domid, readable), "", NodeAccess.ReadByGuest(domid)));
        }

        foreach (string own in GuestDirectories.Where(d => !netscaler || d != "device/vif"))
        {
            nodes.Add(new(StorePaths.Domain(domid, own), "", NodeAccess.GuestOwned(domid)));
        }

        foreach (string ours in PrivateDirectories)
        {
            nodes.Add(new(StorePaths.Private(domid, ours), "", NodeAccess.Private));
        }
    }

    private static void Keys(NewTree tree, List<StoreNode> nodes)
    {
        int domid = tree.Domid;
        var record = tree.Config.Description?.Vm;
        foreach (var (key, value) in XsData.Permitted(record?.xsdata ?? Nothing))
        {
            nodes.Add(new(StorePaths.Domain(domid, key), value));
        }

        foreach (var (key, value) in PlatformKeys.Of(tree.Config))
        {
            nodes.Add(new(StorePaths.Domain(domid, "platform/" + key), value));
        }

        foreach (var (key, value) in record?.bios_strings ?? Nothing)
        {
            if (StorePaths.IsName(key))
            {
                nodes.Add(new(StorePaths.Domain(domid, "bios-strings/" + key), value));
            }
        }

        if (record?.ty is BuilderInfo.HVM hvm)
        {
            if (hvm.info.firmware is Firmware.Uefi)
            {
                nodes.Add(new(StorePaths.Domain(domid, "hvmloader/bios"), "ovmf"));
            }

            nodes.Add(new(StorePaths.Domain(domid, "hvmloader/pci/xen-platform-pci-bar-uc"), record.has_vendor_device ? "0" : "1"));
        }

        nodes.Add(new(StorePaths.Domain(domid, "control/platform-feature-multiprocessor-suspend"), "1"));
        nodes.Add(new(StorePaths.Domain(domid, "control/platform-feature-xs_reset_watches"), "1"));
        nodes.Add(new(StorePaths.Domain(domid, "control/has-vendor-device"), record?.has_vendor_device == true ? "1" : "0"));
        nodes.Add(new(StorePaths.Domain(domid, "unique-domain-id"), tree.UniqueId.ToString()));
        nodes.Add(new(StorePaths.Domain(domid, StoreKeys.DomainType), KindText(tree.Kind)));
    }

    private static void Memory(NewTree tree, List<StoreNode> nodes)
    {
        var (domid, config, memory) = (tree.Domid, tree.Config, tree.Memory);
        for (int vcpu = 0; vcpu < config.VcpusMax; vcpu++)
        {
            nodes.Add(new(StorePaths.VcpuAvailability(domid, vcpu), vcpu < config.Vcpus ? "online" : "offline"));
        }

        nodes.Add(new(StorePaths.Domain(domid, "memory/initial-target"), Number(memory.TargetKib)));
        nodes.Add(new(StorePaths.Domain(domid, StoreKeys.InitialReservation), Number(memory.ReservedKib)));
        nodes.Add(new(StorePaths.Domain(domid, "memory/reservation-id"), memory.ReservationId));
        nodes.Add(new(StorePaths.Domain(domid, StoreKeys.DynamicMin), Number(memory.DynamicMinKib)));
        nodes.Add(new(StorePaths.Domain(domid, StoreKeys.DynamicMax), Number(memory.DynamicMaxKib)));
    }

    /// <summary>The kind as the tree tells it.</summary>
    public static string KindText(GuestKind kind) => kind switch
    {
        GuestKind.Hvm => "hvm",
        GuestKind.Pv => "pv",
        GuestKind.PvInPvh => "pv-in-pvh",
        _ => "pvh",
    };

    /// <summary>The kind a tree tells; what was made without saying is taken for PVH.</summary>
    public static GuestKind KindOf(string? text) => text switch
    {
        "hvm" => GuestKind.Hvm,
        "pv" => GuestKind.Pv,
        "pv-in-pvh" => GuestKind.PvInPvh,
        _ => GuestKind.Pvh,
    };

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
