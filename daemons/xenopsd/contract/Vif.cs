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

[WireType]
public sealed record PciAddress
{
    public long domain { get; init; }
    public long bus { get; init; }
    public long dev { get; init; }
    public long fn { get; init; }
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
    public long? vlan { get; init; }
    public ImmutableArray<long> trunks { get; init; } = [];
}
