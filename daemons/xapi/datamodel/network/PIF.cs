using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>A physical network interface of a host, or a VLAN, bond or tunnel that looks like one.</summary>
[XenClass("PIF")]
public sealed partial record PIF : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.StaticRO)]
    public string device { get; init; } = "";

    [Field(Qualifier.StaticRO, Inverse = "network.PIFs")]
    public Ref<network> network { get; init; } = Ref<network>.Null;

    [Field(Qualifier.StaticRO, Inverse = "host.PIFs")]
    public Ref<host> host { get; init; } = Ref<host>.Null;

    [Field(Qualifier.StaticRO)]
    public string MAC { get; init; } = "";

    [Field(Qualifier.StaticRO)]
    public long MTU { get; init; }

    [Field(Qualifier.StaticRO)]
    public long VLAN { get; init; }

    [Field(Qualifier.DynamicRO)]
    public Ref<PIF_metrics> metrics { get; init; } = Ref<PIF_metrics>.Null;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public bool physical { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public bool currently_attached { get; init; } = true;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public ip_configuration_mode ip_configuration_mode { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public string IP { get; init; } = "";

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public string netmask { get; init; } = "";

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public string gateway { get; init; } = "";

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public string DNS { get; init; } = "";

    [Field(Qualifier.DynamicRO, HasDefault = true, Inverse = "Bond.slaves")]
    public Ref<Bond> bond_slave_of { get; init; } = Ref<Bond>.Null;

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<Bond>> bond_master_of { get; init; } = [];

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public Ref<VLAN> VLAN_master_of { get; init; } = Ref<VLAN>.Null;

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<VLAN>> VLAN_slave_of { get; init; } = [];

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public bool management { get; init; }

    [Field(Qualifier.RW, HasDefault = true)]
    public ImmutableSortedDictionary<string, string> other_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public bool disallow_unplug { get; init; }

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<tunnel>> tunnel_access_PIF_of { get; init; } = [];

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<tunnel>> tunnel_transport_PIF_of { get; init; } = [];

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public ipv6_configuration_mode ipv6_configuration_mode { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public ImmutableArray<string> IPv6 { get; init; } = [];

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public string ipv6_gateway { get; init; } = "";

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public primary_address_type primary_address_type { get; init; }

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public bool managed { get; init; } = true;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public ImmutableSortedDictionary<string, string> properties { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public ImmutableArray<string> capabilities { get; init; } = [];

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public pif_igmp_status igmp_snooping_status { get; init; } = pif_igmp_status.unknown;

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<network_sriov>> sriov_physical_PIF_of { get; init; } = [];

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<network_sriov>> sriov_logical_PIF_of { get; init; } = [];

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public Ref<PCI> PCI { get; init; } = Ref<PCI>.Null;

    [Field(Qualifier.DynamicRO, HasDefault = true, Internal = true)]
    public string device_name { get; init; } = "";
}

/// <summary>Whether a bridge snoops IGMP.</summary>
[WireType]
public enum pif_igmp_status
{
    enabled,
    disabled,
    unknown,
}

/// <summary>How a host configures IPv4 on a PIF.</summary>
[WireType]
public enum ip_configuration_mode
{
    None,
    DHCP,
    Static,
}

/// <summary>How a host configures IPv6 on a PIF.</summary>
[WireType]
public enum ipv6_configuration_mode
{
    None,
    DHCP,
    Static,
    Autoconf,
}

/// <summary>Which of its addresses a PIF is known by.</summary>
[WireType]
public enum primary_address_type
{
    IPv4,
    IPv6,
}

/// <summary>The explicit messages of PIF, with the policy of each.</summary>
[MessagesOf(typeof(PIF))]
public interface IPIFMessages
{
    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ObjectHost)]
    Task set_property(Call call, Ref<PIF> self, string name, string value);

    [Message(Role.PoolOperator, Async = true)]
    Task db_forget(Call call, Ref<PIF> self);

    [Message(Role.PoolOperator, Async = true)]
    Task<Ref<PIF>> db_introduce(
        Call call, string device, Ref<network> network, Ref<host> host, string MAC, long MTU, long VLAN, bool physical,
        ip_configuration_mode ip_configuration_mode, string IP, string netmask, string gateway, string DNS, Ref<Bond> bond_slave_of,
        Ref<VLAN> VLAN_master_of, bool management, ImmutableSortedDictionary<string, string> other_config, bool disallow_unplug = false,
        ipv6_configuration_mode ipv6_configuration_mode = ipv6_configuration_mode.None, ImmutableArray<string> IPv6 = default,
        string ipv6_gateway = "", primary_address_type primary_address_type = primary_address_type.IPv4, bool managed = true,
        ImmutableSortedDictionary<string, string>? properties = null);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ObjectHost), Raises("TRANSPORT_PIF_NOT_CONFIGURED")]
    Task plug(Call call, Ref<PIF> self);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ObjectHost), Raises("OTHER_OPERATION_IN_PROGRESS", "CLUSTERING_ENABLED")]
    Task set_disallow_unplug(Call call, Ref<PIF> self, bool value);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ObjectHost)]
    [Raises("HA_OPERATION_WOULD_BREAK_FAILOVER_PLAN", "VIF_IN_USE", "PIF_DOES_NOT_ALLOW_UNPLUG", "PIF_HAS_FCOE_SR_IN_USE")]
    Task unplug(Call call, Ref<PIF> self);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ObjectHost), Raises("PIF_TUNNEL_STILL_EXISTS", "CLUSTERING_ENABLED")]
    Task forget(Call call, Ref<PIF> self);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ArgumentHost, "host")]
    Task<Ref<PIF>> introduce(Call call, Ref<host> host, string MAC, string device, bool managed = true);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ArgumentHost, "host")]
    Task scan(Call call, Ref<host> host);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ObjectHost)]
    Task set_primary_address_type(Call call, Ref<PIF> self, primary_address_type primary_address_type);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ObjectHost), Raises("CLUSTERING_ENABLED")]
    Task reconfigure_ipv6(Call call, Ref<PIF> self, ipv6_configuration_mode mode, string IPv6, string gateway, string DNS);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ObjectHost), Raises("CLUSTERING_ENABLED")]
    Task reconfigure_ip(Call call, Ref<PIF> self, ip_configuration_mode mode, string IP, string netmask, string gateway, string DNS);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ObjectHost), Raises("PIF_IS_PHYSICAL")]
    Task destroy(Call call, Ref<PIF> self);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ArgumentHost, "host"), Raises("VLAN_TAG_INVALID")]
    Task<Ref<PIF>> create_VLAN(Call call, string device, Ref<network> network, Ref<host> host, long VLAN);
}
