using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xenopsd.Contract;

/// <summary>Where the other end of a VIF is: a bridge of this host, a bridge of a driver domain, or a virtual function of a network card.</summary>
[WireVariant]
public abstract record Network
{
    private Network() { }

    public sealed record Local(string bridge) : Network;
    public sealed record Remote(string vm, string bridge) : Network;
    public sealed record Sriov(PciAddress address) : Network;
}

/// <summary>Which traffic passes.</summary>
[WireVariant]
public abstract record LockingMode
{
    private LockingMode() { }

    public sealed record Unlocked : LockingMode;
    public sealed record Disabled : LockingMode;
    public sealed record Locked(LockedAddresses addresses) : LockingMode;
}

[WireType]
public sealed record LockedAddresses
{
    public ImmutableArray<string> ipv4 { get; init; } = [];
    public ImmutableArray<string> ipv6 { get; init; } = [];
}

/// <summary>What the guest's interface is told about its IPv4 addresses (<c>address/length</c>).</summary>
[WireVariant]
public abstract record Ipv4Configuration
{
    private Ipv4Configuration() { }

    public sealed record Unspecified4 : Ipv4Configuration;
    public sealed record Static4(ImmutableArray<string> addresses, string? gateway) : Ipv4Configuration;
    public sealed record DHCP4 : Ipv4Configuration;
}

/// <summary>What the guest's interface is told about its IPv6 addresses (<c>address/length</c>).</summary>
[WireVariant]
public abstract record Ipv6Configuration
{
    private Ipv6Configuration() { }

    public sealed record Unspecified6 : Ipv6Configuration;
    public sealed record Static6(ImmutableArray<string> addresses, string? gateway) : Ipv6Configuration;
    public sealed record Autoconf6 : Ipv6Configuration;
}

/// <summary>A provisioning server: its addresses and the ports it listens on.</summary>
[WireType]
public sealed record PvsServer
{
    public ImmutableArray<string> addresses { get; init; } = [];
    public long first_port { get; init; }
    public long last_port { get; init; }
}

/// <summary>A virtual network interface (xenops protocol, <c>Vif.t</c>). <c>id</c> is the VM's uuid and the device number as text;
/// <c>rate</c> is kB/s and the time slice in microseconds.</summary>
[WireType]
public sealed record Vif
{
    public (string vm, string device) id { get; init; } = ("", "");
    public long position { get; init; } = 0;
    public string mac { get; init; } = "fe:ff:ff:ff:ff:ff";
    public bool carrier { get; init; } = true;
    public long mtu { get; init; } = 1500;
    public (long kilobytes, long microseconds)? rate { get; init; }
    public Network backend { get; init; } = new Network.Local("xenbr0");
    public ImmutableSortedDictionary<string, string> other_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
    public LockingMode locking_mode { get; init; } = new LockingMode.Unlocked();
    public ImmutableSortedDictionary<string, string> extra_private_keys { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
    public Ipv4Configuration ipv4_configuration { get; init; } = new Ipv4Configuration.Unspecified4();
    public Ipv6Configuration ipv6_configuration { get; init; } = new Ipv6Configuration.Unspecified6();
    /// <summary>Site, provisioning servers and the proxy's interface.</summary>
    public (string site, ImmutableArray<PvsServer> servers, string network)? pvs_proxy { get; init; }
    public long? vlan { get; init; }
    public ImmutableArray<long> trunks { get; init; } = [];
}

/// <summary>What is observed of a VIF.</summary>
[WireType]
public sealed record VifState
{
    public bool active { get; init; }
    public bool plugged { get; init; }
    public long kthread_pid { get; init; }
    public bool media_present { get; init; }
    public string? device { get; init; }
    public bool pvs_rules_active { get; init; } = false;
}
