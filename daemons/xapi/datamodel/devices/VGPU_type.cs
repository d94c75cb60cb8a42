using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>A way in which a physical GPU is shared.</summary>
[XenClass("VGPU_type")]
public sealed partial record VGPU_type : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public string vendor_name { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public string model_name { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public long framebuffer_size { get; init; }

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public long max_heads { get; init; }

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public long max_resolution_x { get; init; }

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public long max_resolution_y { get; init; }

    [Field(Qualifier.DynamicRO, Peer = "PGPU.supported_VGPU_types")]
    public ImmutableArray<Ref<PGPU>> supported_on_PGPUs { get; init; } = [];

    [Field(Qualifier.DynamicRO, Peer = "PGPU.enabled_VGPU_types")]
    public ImmutableArray<Ref<PGPU>> enabled_on_PGPUs { get; init; } = [];

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<VGPU>> VGPUs { get; init; } = [];

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<GPU_group>> supported_on_GPU_groups { get; init; } = [];

    [Field(Qualifier.DynamicRO, Peer = "GPU_group.enabled_VGPU_types")]
    public ImmutableArray<Ref<GPU_group>> enabled_on_GPU_groups { get; init; } = [];

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public vgpu_type_implementation implementation { get; init; }

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public string identifier { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public bool experimental { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public ImmutableArray<Ref<VGPU_type>> compatible_types_in_vm { get; init; } = [];

    [Field(Qualifier.DynamicRO, HasDefault = true, Internal = true)]
    public long size { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true, Internal = true)]
    public ImmutableSortedDictionary<string, string> internal_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO, HasDefault = true, Internal = true)]
    public ImmutableArray<Ref<VGPU_type>> compatible_types_on_pgpu { get; init; } = [];
}

/// <summary>The technique by which a GPU is shared.</summary>
[WireType]
public enum vgpu_type_implementation
{
    passthrough,
    nvidia,
    nvidia_sriov,
    gvt_g,
    mxgpu,
}
