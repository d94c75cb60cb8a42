using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>PIFs that work together as one.</summary>
[XenClass("Bond")]
public sealed partial record Bond : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true, Inverse = "PIF.bond_master_of")]
    public Ref<PIF> master { get; init; } = Ref<PIF>.Null;

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<PIF>> slaves { get; init; } = [];

    [Field(Qualifier.RW, HasDefault = true)]
    public ImmutableSortedDictionary<string, string> other_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public Ref<PIF> primary_slave { get; init; } = Ref<PIF>.Null;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public bond_mode mode { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public ImmutableSortedDictionary<string, string> properties { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public long links_up { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public bool auto_update_mac { get; init; } = true;
}

/// <summary>How a bond spreads traffic.</summary>
[WireType]
public enum bond_mode
{
    [WireName("balance-slb")]
    balance_slb,
    [WireName("active-backup")]
    active_backup,
    lacp,
}

/// <summary>The explicit messages of Bond, with the policy of each.</summary>
[MessagesOf(typeof(Bond))]
public interface IBondMessages
{
    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ObjectHost)]
    Task set_property(Call call, Ref<Bond> self, string name, string value);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ObjectHost)]
    Task set_mode(Call call, Ref<Bond> self, bond_mode value);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ObjectHost)]
    Task destroy(Call call, Ref<Bond> self);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ObjectHost, "members")]
    Task<Ref<Bond>> create(
        Call call, Ref<network> network, ImmutableArray<Ref<PIF>> members, string MAC, bond_mode mode = bond_mode.balance_slb,
        ImmutableSortedDictionary<string, string>? properties = null);
}
