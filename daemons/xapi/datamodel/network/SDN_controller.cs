using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>The controller that the virtual switches of the pool listen to.</summary>
[XenClass("SDN_controller")]
public sealed partial record SDN_controller : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public sdn_controller_protocol protocol { get; init; }

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public string address { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public long port { get; init; }
}

/// <summary>How a controller is connected to.</summary>
[WireType]
public enum sdn_controller_protocol
{
    ssl,
    pssl,
}

/// <summary>The explicit messages of SDN_controller, with the policy of each.</summary>
[MessagesOf(typeof(SDN_controller))]
public interface ISDN_controllerMessages
{
    [Message(Role.PoolOperator, Async = true)]
    Task forget(Call call, Ref<SDN_controller> self);

    [Message(Role.PoolOperator, Async = true)]
    Task<Ref<SDN_controller>> introduce(
        Call call, sdn_controller_protocol protocol = sdn_controller_protocol.ssl, string address = "", long port = 0);
}
