using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>A network between hosts that is carried inside another.</summary>
[XenClass("tunnel")]
public sealed partial record tunnel : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true, Inverse = "PIF.tunnel_access_PIF_of")]
    public Ref<PIF> access_PIF { get; init; } = Ref<PIF>.Null;

    [Field(Qualifier.StaticRO, HasDefault = true, Inverse = "PIF.tunnel_transport_PIF_of")]
    public Ref<PIF> transport_PIF { get; init; } = Ref<PIF>.Null;

    [Field(Qualifier.RW, HasDefault = true)]
    public ImmutableSortedDictionary<string, string> status { get; init; } = ImmutableSortedDictionary<string, string>.Empty.Add("active", "false");

    [Field(Qualifier.RW, HasDefault = true)]
    public ImmutableSortedDictionary<string, string> other_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.RW, HasDefault = true)]
    public tunnel_protocol protocol { get; init; }
}

/// <summary>How a tunnel wraps its packets.</summary>
[WireType]
public enum tunnel_protocol
{
    gre,
    vxlan,
}

/// <summary>The explicit messages of tunnel, with the policy of each.</summary>
[MessagesOf(typeof(tunnel))]
public interface ItunnelMessages
{
    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ObjectHost)]
    Task destroy(Call call, Ref<tunnel> self);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ObjectHost)]
    [Raises("OPENVSWITCH_NOT_ACTIVE", "TRANSPORT_PIF_NOT_CONFIGURED", "IS_TUNNEL_ACCESS_PIF")]
    Task<Ref<tunnel>> create(Call call, Ref<PIF> transport_PIF, Ref<network> network, tunnel_protocol protocol = tunnel_protocol.gre);
}
