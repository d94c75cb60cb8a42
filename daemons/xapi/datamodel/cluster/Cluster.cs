using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>Hosts that share a cluster stack.</summary>
[XenClass("Cluster")]
public sealed partial record Cluster : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<Cluster_host>> cluster_hosts { get; init; } = [];

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public ImmutableArray<string> pending_forget { get; init; } = [];

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public string cluster_token { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public string cluster_stack { get; init; } = "corosync";

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public bool is_quorate { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public long quorum { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public long live_hosts { get; init; }

    [Field(Qualifier.DynamicRO, Persistent = false, HasDefault = true)]
    public ImmutableArray<cluster_operation> allowed_operations { get; init; } = [];

    [Field(Qualifier.DynamicRO, Persistent = false, HasDefault = true)]
    public ImmutableSortedDictionary<string, cluster_operation> current_operations { get; init; } = ImmutableSortedDictionary<string, cluster_operation>.Empty;

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public bool pool_auto_join { get; init; } = true;

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public double token_timeout { get; init; } = 20.0;

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public double token_timeout_coefficient { get; init; } = 1.0;

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public ImmutableSortedDictionary<string, string> cluster_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.RW, HasDefault = true)]
    public ImmutableSortedDictionary<string, string> other_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
}

/// <summary>Operations of a cluster.</summary>
[WireType]
public enum cluster_operation
{
    add,
    remove,
    enable,
    disable,
    destroy,
}

/// <summary>The explicit messages of Cluster, with the policy of each.</summary>
[MessagesOf(typeof(Cluster))]
public interface IClusterMessages
{
    [Message(Role.PoolOperator, Async = true)]
    Task pool_resync(Call call, Ref<Cluster> self);

    [Message(Role.PoolOperator, Async = true), Raises("CLUSTER_STACK_IN_USE", "CLUSTERING_DISABLED", "CLUSTER_HOST_IS_LAST")]
    Task pool_destroy(Call call, Ref<Cluster> self);

    [Message(Role.PoolOperator, Async = true), Raises("CLUSTER_FORCE_DESTROY_FAILED")]
    Task pool_force_destroy(Call call, Ref<Cluster> self);

    [Message(Role.PoolOperator, Async = true)]
    Task<Ref<Cluster>> pool_create(
        Call call, Ref<network> network, string cluster_stack, double token_timeout = 20.0, double token_timeout_coefficient = 1.0);

    [Message(Role.ReadOnly, Async = true)]
    Task<Ref<network>> get_network(Call call, Ref<Cluster> self);

    [Message(Role.PoolOperator, Async = true), Locks("destroy"), Raises("CLUSTER_DOES_NOT_HAVE_ONE_NODE", "CLUSTER_STACK_IN_USE")]
    Task destroy(Call call, Ref<Cluster> self);

    [Message(Role.PoolOperator, Async = true), Raises("INVALID_CLUSTER_STACK", "INVALID_VALUE", "PIF_ALLOWS_UNPLUG", "REQUIRED_PIF_IS_UNPLUGGED")]
    Task<Ref<Cluster>> create(
        Call call, Ref<PIF> PIF, string cluster_stack, bool pool_auto_join, double token_timeout = 20.0, double token_timeout_coefficient = 1.0);
}
