using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>A PIF whose virtual functions are handed to VMs.</summary>
[XenClass("network_sriov")]
public sealed partial record network_sriov : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true, Inverse = "PIF.sriov_physical_PIF_of")]
    public Ref<PIF> physical_PIF { get; init; } = Ref<PIF>.Null;

    [Field(Qualifier.StaticRO, HasDefault = true, Inverse = "PIF.sriov_logical_PIF_of")]
    public Ref<PIF> logical_PIF { get; init; } = Ref<PIF>.Null;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public bool requires_reboot { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public sriov_configuration_mode configuration_mode { get; init; } = sriov_configuration_mode.unknown;
}

/// <summary>How the virtual functions of a PIF were switched on.</summary>
[WireType]
public enum sriov_configuration_mode
{
    sysfs,
    modprobe,
    manual,
    unknown,
}

/// <summary>The explicit messages of network_sriov, with the policy of each.</summary>
[MessagesOf(typeof(network_sriov))]
public interface Inetwork_sriovMessages
{
    [Message(Role.ReadOnly, Async = true), RunsOn(Where.ObjectHost)]
    Task<long> get_remaining_capacity(Call call, Ref<network_sriov> self);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ObjectHost)]
    Task destroy(Call call, Ref<network_sriov> self);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ObjectHost)]
    Task<Ref<network_sriov>> create(Call call, Ref<PIF> pif, Ref<network> network);
}
