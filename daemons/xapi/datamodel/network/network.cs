using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>A virtual network: what VIFs and PIFs plug into.</summary>
[XenClass("network", Constructor = true, ConstructorRole = Role.VmAdmin)]
public sealed partial record network : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.RW, Column = "name__label", HasDefault = true)]
    public string name_label { get; init; } = "";

    [Field(Qualifier.RW, Column = "name__description", HasDefault = true)]
    public string name_description { get; init; } = "";

    [Field(Qualifier.DynamicRO, Persistent = false, HasDefault = true)]
    public ImmutableArray<network_operations> allowed_operations { get; init; } = [];

    [Field(Qualifier.DynamicRO, Persistent = false, HasDefault = true)]
    public ImmutableSortedDictionary<string, network_operations> current_operations { get; init; } = ImmutableSortedDictionary<string, network_operations>.Empty;

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<VIF>> VIFs { get; init; } = [];

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<PIF>> PIFs { get; init; } = [];

    [Field(Qualifier.RW, HasDefault = true, Writer = Role.VmAdmin)]
    public long MTU { get; init; } = 1500;

    [Field(Qualifier.RW, GuardedKeys = ["folder:vm-operator", "XenCenter.CustomFields.*:vm-operator", "XenCenterCreateInProgress:vm-operator"])]
    public ImmutableSortedDictionary<string, string> other_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public string bridge { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public bool managed { get; init; } = true;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public ImmutableSortedDictionary<string, Ref<blob>> blobs { get; init; } = ImmutableSortedDictionary<string, Ref<blob>>.Empty;

    [Field(Qualifier.RW, HasDefault = true, Writer = Role.VmOperator)]
    public ImmutableArray<string> tags { get; init; } = [];

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public network_default_locking_mode default_locking_mode { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public ImmutableSortedDictionary<Ref<VIF>, string> assigned_ips { get; init; } = ImmutableSortedDictionary<Ref<VIF>, string>.Empty;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public ImmutableArray<network_purpose> purpose { get; init; } = [];
}

/// <summary>Operations of a network.</summary>
[WireType]
public enum network_operations
{
    attaching,
}

/// <summary>What a network lets its VIFs do unless they say otherwise.</summary>
[WireType]
public enum network_default_locking_mode
{
    unlocked,
    disabled,
}

/// <summary>Services that a network may carry.</summary>
[WireType]
public enum network_purpose
{
    nbd,
    insecure_nbd,
}

/// <summary>The explicit messages of network, with the policy of each.</summary>
[MessagesOf(typeof(network))]
public interface InetworkMessages
{
    [Message(Role.PoolAdmin, Async = true)]
    Task remove_purpose(Call call, Ref<network> self, network_purpose value);

    [Message(Role.PoolAdmin, Async = true), Raises("NETWORK_INCOMPATIBLE_PURPOSES")]
    Task add_purpose(Call call, Ref<network> self, network_purpose value);

    [Message(Role.PoolOperator, Async = true)]
    Task set_default_locking_mode(Call call, Ref<network> network, network_default_locking_mode value);

    [Message(Role.PoolOperator, Async = true)]
    Task<Ref<blob>> create_new_blob(Call call, Ref<network> network, string name, string mime_type, bool @public = false);
}
