using System.Collections.Immutable;
using System.Globalization;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Storage;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xapi.Devices;

/// <summary>The devices of a VM as xenopsd wants them.</summary>
internal sealed record VmDevices(ImmutableArray<Vbd> Disks, ImmutableArray<Vif> Interfaces)
{
    internal static VmDevices None { get; } = new([], []);

    /// <summary>The disks that a boot loader may look for a kernel on, the first one first.</summary>
    internal ImmutableArray<Disk> Bootable { get; init; } = [];
}

/// <summary>Describes the devices of VMs for xenopsd, from their rows.</summary>
internal sealed class DeviceDescriber(XapiDatabase database, VdiStore store)
{
    /// <summary>The slice of time to which a limit of bandwidth applies, in microseconds, where the client names none.</summary>
    private const long RateSlice = 50_000;

    /// <summary>The devices that the database has as attached. Raises SR_NOT_ATTACHED [SR] when this host does not reach a disk.</summary>
    internal async ValueTask<VmDevices> DescribeAsync(VM vm, CancellationToken cancel)
    {
        if (vm.VBDs.IsEmpty && vm.VIFs.IsEmpty)
        {
            return VmDevices.None;
        }

        ImmutableArray<Vbd>.Builder disks = ImmutableArray.CreateBuilder<Vbd>();
        HashSet<(string vm, string device)> bootable = [];
        foreach (Ref<VBD> one in vm.VBDs)
        {
            if (await database.Find(one, cancel).ConfigureAwait(false) is { currently_attached: true } row)
            {
                disks.Add(await DescribeAsync(vm, row, cancel).ConfigureAwait(false));
                _ = row.bootable && bootable.Add(disks[^1].id);
            }
        }

        ImmutableArray<Vif>.Builder interfaces = ImmutableArray.CreateBuilder<Vif>();
        foreach (Ref<VIF> one in vm.VIFs)
        {
            if (await database.Find(one, cancel).ConfigureAwait(false) is { currently_attached: true } row)
            {
                interfaces.Add(await DescribeAsync(vm, one, row, cancel).ConfigureAwait(false));
            }
        }

        disks.Sort(static (a, b) => string.CompareOrdinal(a.id.device, b.id.device));
        interfaces.Sort(static (a, b) => a.position.CompareTo(b.position));
        return new VmDevices(disks.ToImmutable(), interfaces.ToImmutable())
        {
            Bootable = [.. disks.Where(d => bootable.Contains(d.id)).Select(static d => d.backend).OfType<Disk>()],
        };
    }

    internal async ValueTask<Vbd> DescribeAsync(VM vm, VBD row, CancellationToken cancel)
    {
        int number = DeviceNames.DiskNumber(row.userdevice) ?? throw new XenApiError("INVALID_DEVICE", row.userdevice);
        VDI? vdi = row.empty || row.VDI.IsNull ? null : await database.Get(row.VDI, cancel).ConfigureAwait(false);
        return new Vbd
        {
            id = DeviceNames.VbdId(vm, row),
            position = DeviceNames.Position(DeviceNames.IsHvm(vm), number),
            mode = row.mode == vbd_mode.RO ? VbdMode.ReadOnly : VbdMode.ReadWrite,
            backend = vdi is null ? null : new Disk.Local(await store.PathAsync(row.VDI, cancel).ConfigureAwait(false)),
            ty = row.type switch { vbd_type.CD => VbdType.CDROM, vbd_type.Floppy => VbdType.Floppy, _ => VbdType.Disk },
            unpluggable = row.unpluggable,
            extra_backend_keys = vdi?.xenstore_data ?? ImmutableSortedDictionary<string, string>.Empty,
            persistent = vdi is not { on_boot: on_boot.reset },
            qos = Priority(row),
        };
    }

    internal async ValueTask<Vif> DescribeAsync(VM vm, Ref<VIF> self, VIF row, CancellationToken cancel)
    {
        network? net = await database.Find(row.network, cancel).ConfigureAwait(false);
        return new Vif
        {
            id = DeviceNames.VifId(vm, row),
            position = long.TryParse(row.device, CultureInfo.InvariantCulture, out long position) ? position : 0,
            mac = row.MAC,
            carrier = Locking(row, net) is not LockingMode.Disabled,
            mtu = row.MTU > 0 ? row.MTU : net?.MTU ?? 1500,
            rate = Rate(row),
            backend = Backend(net),
            other_config = row.other_config,
            locking_mode = Locking(row, net),
            extra_private_keys = ImmutableSortedDictionary<string, string>.Empty
                .Add("vif-uuid", row.uuid).Add("network-uuid", net?.uuid ?? "").Add("vif-ref", self.ToString()),
            ipv4_configuration = Ipv4(row),
            ipv6_configuration = Ipv6(row),
        };
    }

    internal static Network Backend(network? net) => new Network.Local(net?.bridge is { Length: > 0 } bridge ? bridge : "xenbr0");

    internal static LockingMode Locking(VIF row, network? net) => row.locking_mode switch
    {
        vif_locking_mode.unlocked => new LockingMode.Unlocked(),
        vif_locking_mode.disabled => new LockingMode.Disabled(),
        vif_locking_mode.locked => new LockingMode.Locked(new LockedAddresses { ipv4 = row.ipv4_allowed, ipv6 = row.ipv6_allowed }),
        _ => net?.default_locking_mode == network_default_locking_mode.disabled ? new LockingMode.Disabled() : new LockingMode.Unlocked(),
    };

    internal static Ipv4Configuration Ipv4(VIF row) => row.ipv4_configuration_mode == vif_ipv4_configuration_mode.Static
        ? new Ipv4Configuration.Static4(row.ipv4_addresses, row.ipv4_gateway.Length > 0 ? row.ipv4_gateway : null)
        : new Ipv4Configuration.Unspecified4();

    internal static Ipv6Configuration Ipv6(VIF row) => row.ipv6_configuration_mode == vif_ipv6_configuration_mode.Static
        ? new Ipv6Configuration.Static6(row.ipv6_addresses, row.ipv6_gateway.Length > 0 ? row.ipv6_gateway : null)
        : new Ipv6Configuration.Unspecified6();

    /// <summary>The share of a disk's time: algorithm <c>ionice</c>, parameters <c>sched</c> (<c>rt</c>, <c>idle</c>, best effort otherwise) and <c>class</c>
    /// (<c>highest</c> to <c>lowest</c>, or a number of Linux's).</summary>
    internal static VbdQos? Priority(VBD row)
    {
        if (row.qos_algorithm_type != "ionice" || row.qos_algorithm_params.GetValueOrDefault("sched") is not { Length: > 0 } scheduler)
        {
            return null;
        }

        IoClass level = row.qos_algorithm_params.GetValueOrDefault("class") switch
        {
            "highest" => new IoClass.Highest(),
            "high" => new IoClass.High(),
            "low" => new IoClass.Low(),
            "lowest" => new IoClass.Lowest(),
            var text when long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) => new IoClass.Other(number),
            _ => new IoClass.Normal(),
        };
        return new VbdQos.Ionice(scheduler switch
        {
            "rt" or "real-time" => new IoScheduling.RealTime(level),
            "idle" => new IoScheduling.Idle(),
            _ => new IoScheduling.BestEffort(level),
        });
    }

    /// <summary>The limit of bandwidth: algorithm <c>ratelimit</c>, parameters <c>kbps</c> and <c>timeslice_us</c>.</summary>
    private static (long kilobytes, long microseconds)? Rate(VIF row)
    {
        if (row.qos_algorithm_type != "ratelimit"
            || !long.TryParse(row.qos_algorithm_params.GetValueOrDefault("kbps"), CultureInfo.InvariantCulture, out long rate) || rate <= 0)
        {
            return null;
        }

        return long.TryParse(row.qos_algorithm_params.GetValueOrDefault("timeslice_us"), CultureInfo.InvariantCulture, out long slice) && slice > 0
            ? (rate, slice)
            : (rate, RateSlice);
    }
}
