using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>A host as a member of a cluster.</summary>
[XenClass("Cluster_host")]
public sealed partial record Cluster_host : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true, Inverse = "Cluster.cluster_hosts")]
    public Ref<Cluster> cluster { get; init; } = Ref<Cluster>.Null;

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public Ref<host> host { get; init; } = Ref<host>.Null;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public bool enabled { get; init; }

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public Ref<PIF> PIF { get; init; } = Ref<PIF>.Null;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public bool joined { get; init; } = true;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public bool live { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public DateTimeOffset last_update_live { get; init; } = DateTimeOffset.UnixEpoch;

    [Field(Qualifier.DynamicRO, Persistent = false, HasDefault = true)]
    public ImmutableArray<cluster_host_operation> allowed_operations { get; init; } = [];

    [Field(Qualifier.DynamicRO, Persistent = false, HasDefault = true)]
    public ImmutableSortedDictionary<string, cluster_host_operation> current_operations { get; init; } = ImmutableSortedDictionary<string, cluster_host_operation>.Empty;

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public ImmutableSortedDictionary<string, string> other_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
}

/// <summary>Operations of a host of a cluster.</summary>
[WireType]
public enum cluster_host_operation
{
    enable,
    disable,
    destroy,
}

/// <summary>The explicit messages of Cluster_host, with the policy of each.</summary>
[MessagesOf(typeof(Cluster_host))]
public interface ICluster_hostMessages
{
    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ObjectHost), Locks("disable"), Raises("CLUSTER_STACK_IN_USE")]
    Task disable(Call call, Ref<Cluster_host> self);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ObjectHost), Raises("CLUSTER_STACK_IN_USE")]
    Task force_destroy(Call call, Ref<Cluster_host> self);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ObjectHost), Locks("enable"), Raises("PIF_ALLOWS_UNPLUG", "REQUIRED_PIF_IS_UNPLUGGED")]
    Task enable(Call call, Ref<Cluster_host> self);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ObjectHost), Locks("destroy")]
    [Raises("CLUSTER_STACK_IN_USE", "CLUSTERING_DISABLED", "CLUSTER_HOST_IS_LAST")]
    Task destroy(Call call, Ref<Cluster_host> self);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ArgumentHost, "host"), Raises("PIF_NOT_ATTACHED_TO_HOST", "NO_CLUSTER_HOSTS_REACHABLE")]
    Task<Ref<Cluster_host>> create(Call call, Ref<Cluster> cluster, Ref<host> host, Ref<PIF> pif);
}
