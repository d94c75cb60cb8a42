using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>A tagged view of a PIF.</summary>
[XenClass("VLAN")]
public sealed partial record VLAN : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true, Inverse = "PIF.VLAN_slave_of")]
    public Ref<PIF> tagged_PIF { get; init; } = Ref<PIF>.Null;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public Ref<PIF> untagged_PIF { get; init; } = Ref<PIF>.Null;

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public long tag { get; init; } = -1;

    [Field(Qualifier.RW, HasDefault = true)]
    public ImmutableSortedDictionary<string, string> other_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
}

/// <summary>The explicit messages of VLAN, with the policy of each.</summary>
[MessagesOf(typeof(VLAN))]
public interface IVLANMessages
{
    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ObjectHost)]
    Task destroy(Call call, Ref<VLAN> self);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ObjectHost)]
    Task<Ref<VLAN>> create(Call call, Ref<PIF> tagged_PIF, long tag, Ref<network> network);
}
