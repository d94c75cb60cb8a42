using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>GPUs that are alike, from which those of VMs are taken.</summary>
[XenClass("GPU_group")]
public sealed partial record GPU_group : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.RW, Column = "name__label", HasDefault = true)]
    public string name_label { get; init; } = "";

    [Field(Qualifier.RW, Column = "name__description", HasDefault = true)]
    public string name_description { get; init; } = "";

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<PGPU>> PGPUs { get; init; } = [];

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<VGPU>> VGPUs { get; init; } = [];

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public ImmutableArray<string> GPU_types { get; init; } = [];

    [Field(Qualifier.RW, HasDefault = true)]
    public ImmutableSortedDictionary<string, string> other_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.RW, HasDefault = true)]
    public allocation_algorithm allocation_algorithm { get; init; } = allocation_algorithm.depth_first;

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<VGPU_type>> supported_VGPU_types { get; init; } = [];

    [Field(Qualifier.DynamicRO, Peer = "VGPU_type.enabled_on_GPU_groups")]
    public ImmutableArray<Ref<VGPU_type>> enabled_VGPU_types { get; init; } = [];
}

/// <summary>Whether VMs fill one GPU after another or spread over all.</summary>
[WireType]
public enum allocation_algorithm
{
    breadth_first,
    depth_first,
}

/// <summary>The explicit messages of GPU_group, with the policy of each.</summary>
[MessagesOf(typeof(GPU_group))]
public interface IGPU_groupMessages
{
    [Message(Role.ReadOnly, Async = true)]
    Task<long> get_remaining_capacity(Call call, Ref<GPU_group> self, Ref<VGPU_type> vgpu_type);

    [Message(Role.PoolOperator, Async = true)]
    Task destroy(Call call, Ref<GPU_group> self);

    [Message(Role.PoolOperator, Async = true)]
    Task<Ref<GPU_group>> create(
        Call call, string name_label = "", string name_description = "", ImmutableSortedDictionary<string, string>? other_config = null);
}
