using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Backends.Domains.Devices;

/// <summary>The xenstore keys of a VIF.</summary>
public static class VifKeys
{
    public const string Kind = "vif";
    public const string Disconnect = "disconnect";
    public const string PvsRulesActive = "pvs-rules-active";

    /// <summary>The part of <see cref="DeviceKeys.Extra"/> that holds addresses.</summary>
    public const string StaticIp = "static-ip-setting";

    private const string BridgeMac = "fe:ff:ff:ff:ff:ff";
    private const long DefaultTimeslice = 50_000;
    private const int MacBytes = 6;

    /// <summary>Settings of the host's end that a network's administrator may give.</summary>
    private static readonly string[] OtherConfig =
        ["promiscuous", "ethtool-rx", "ethtool-tx", "ethtool-sg", "ethtool-tso", "ethtool-ufo", "ethtool-gso"];

    public static DeviceAddress Address(string vmId, int domid, Vif vif)
    {
        ArgumentNullException.ThrowIfNull(vif);
        return new DeviceAddress(vmId, domid, 0, Kind, Kind, checked((int)vif.position));
    }

    public static DeviceKeys Create(Vif vif, int domid, string scriptsPath)
    {
        ArgumentNullException.ThrowIfNull(vif);
        string mac = Mac(vif);
        string handle = Number(vif.position);
        List<KeyValuePair<string, string>> frontend =
        [
            new("backend-id", "0"),
            new("state", XenbusState.Initialising),
            new("handle", handle),
            new("mac", mac),
            new(Disconnect, IsDisconnected(vif) ? "1" : "0"),
            new("mtu", Number(vif.mtu)),
        ];
        List<KeyValuePair<string, string>> backend =
        [
            new("frontend-id", Number(domid)),
            new("online", "1"),
            new("state", XenbusState.Initialising),
            new("script", scriptsPath + "/vif"),
            new("mac", mac),
            new("handle", handle),
        ];
        if (Rate(vif) is { } rate)
        {
            backend.Add(new("rate", rate));
        }

        return new DeviceKeys(frontend, backend, Private(vif, mac, scriptsPath), IpConfiguration(vif, mac));
    }

    /// <summary>The guest is told that its cable is out.</summary>
    public static bool IsDisconnected(Vif vif)
    {
        ArgumentNullException.ThrowIfNull(vif);
        return !vif.carrier || vif.locking_mode is LockingMode.Disabled;
    }

    public static string Bridge(Network network) => network switch
    {
        Network.Local(var bridge) => bridge,
        Network.Remote(_, var bridge) => bridge,
        _ => throw new XenopsError(new XenopsErrorValue.Unimplemented("a VIF on a virtual function")),
    };

    /// <summary>The address: as stated, drawn at random, or made from the VM's id and the position so that it stays the same.</summary>
    public static string Mac(Vif vif)
    {
        ArgumentNullException.ThrowIfNull(vif);
        if (vif.mac is not ("" or "random"))
        {
            return vif.mac;
        }

        byte[] bytes = vif.mac.Length == 0
            ? SHA256.HashData(Encoding.UTF8.GetBytes($"{vif.id.vm}/{vif.position}"))[..MacBytes]
            : RandomNumberGenerator.GetBytes(MacBytes);

        // Locally administered, not a group.
        bytes[0] = (byte)((bytes[0] & 0xfc) | 0x02);
        return string.Join(':', bytes.Select(static b => b.ToString("x2", CultureInfo.InvariantCulture)));
    }

    /// <summary>The nodes that say which traffic passes.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> Locking(Vif vif)
    {
        ArgumentNullException.ThrowIfNull(vif);
        return vif.locking_mode switch
        {
            LockingMode.Locked({ } addresses) =>
            [
                new("locking-mode", "locked"),
                new("ipv4-allowed", string.Join(',', addresses.ipv4)),
                new("ipv6-allowed", string.Join(',', addresses.ipv6)),
            ],
            LockingMode.Disabled => [new("locking-mode", "disabled")],
            _ => [new("locking-mode", "unlocked")],
        };
    }

    public static IReadOnlyList<KeyValuePair<string, string>> Trunks(Vif vif)
    {
        ArgumentNullException.ThrowIfNull(vif);
        return [new("trunks", string.Join(' ', vif.trunks.Select(Number)))];
    }

    /// <summary>What the proxy of a provisioning server needs; nothing without one.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> PvsProxy(Vif vif, string scriptsPath)
    {
        ArgumentNullException.ThrowIfNull(vif);
        if (vif.pvs_proxy is not var (site, servers, network))
        {
            return [];
        }

        List<KeyValuePair<string, string>> keys =
        [
            new("pvs-site", site),
            new("pvs-interface", network),
            new("pvs-server-num", Number(servers.Length)),
            new("setup-pvs-proxy-rules", scriptsPath + "/setup-pvs-proxy-rules"),
        ];
        for (int i = 0; i < servers.Length; i++)
        {
            keys.Add(new($"pvs-server-{i}-addresses", string.Join(',', servers[i].addresses)));
            keys.Add(new($"pvs-server-{i}-ports", $"{servers[i].first_port}-{servers[i].last_port}"));
        }

        return keys;
    }

    /// <summary>What the guest's agent is told of its addresses.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> IpConfiguration(Vif vif, string mac)
    {
        ArgumentNullException.ThrowIfNull(vif);
        List<KeyValuePair<string, string>> keys = [];
        if (vif.ipv4_configuration is Ipv4Configuration.Static4(var addresses4, var gateway4))
        {
            Static(keys, "", addresses4, gateway4);
        }

        if (vif.ipv6_configuration is Ipv6Configuration.Static6(var addresses6, var gateway6))
        {
            Static(keys, "6", addresses6, gateway6);
        }

        if (keys.Count > 0)
        {
            keys.Insert(0, new(StaticIp + "/mac", mac));
            keys.Add(new(StaticIp + "/error-code", "0"));
            keys.Add(new(StaticIp + "/error-msg", ""));
        }

        return keys;
    }

    private static void Static(List<KeyValuePair<string, string>> keys, string family, ImmutableArray<string> addresses, string? gateway)
    {
        keys.Add(new($"{StaticIp}/enabled{family}", "1"));
        keys.Add(new($"{StaticIp}/address{family}", addresses.IsEmpty ? "" : addresses[0]));
        if (gateway is not null)
        {
            keys.Add(new($"{StaticIp}/gateway{family}", gateway));
        }
    }

    private static List<KeyValuePair<string, string>> Private(Vif vif, string mac, string scriptsPath)
    {
        List<KeyValuePair<string, string>> keys =
        [
            .. vif.extra_private_keys,
            new("vif-id", vif.id.device),
            new("mac", mac),
            .. Trunks(vif),
            new("MTU", Number(vif.mtu)),
            new("bridge", Bridge(vif.backend)),
            new("bridge-MAC", BridgeMac),
        ];
        if (vif.rate is var (kilobytes, microseconds))
        {
            keys.Add(new("rate", Number(kilobytes)));
            keys.Add(new("timeslice", Number(microseconds)));
        }

        keys.AddRange(OtherConfig.Where(vif.other_config.ContainsKey).Select(k => KeyValuePair.Create("other-config/" + k, vif.other_config[k])));
        keys.AddRange(Locking(vif));
        keys.Add(new("setup-vif-rules", scriptsPath + "/setup-vif-rules"));
        keys.AddRange(PvsProxy(vif, scriptsPath));
        keys.Add(new("xenopsd-backend", "classic"));
        return keys;
    }

    /// <summary>Bytes per time slice and the slice in microseconds; null without a rate, or with one that does not fit 32 bits.</summary>
    private static string? Rate(Vif vif)
    {
        if (vif.rate is not var (kilobytes, microseconds) || kilobytes <= 0)
        {
            return null;
        }

        long slice = microseconds > 0 ? microseconds : DefaultTimeslice;
        double bytes = kilobytes * 1024.0 * slice / 1_000_000;
        return bytes < 4_294_967_296.0 ? $"{Number((long)bytes)},{Number(slice)}" : null;
    }

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
