using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>A GPU of a VM.</summary>
[XenClass("VGPU")]
public sealed partial record VGPU : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.DynamicRO, Inverse = "VM.VGPUs")]
    public Ref<VM> VM { get; init; } = Ref<VM>.Null;

    [Field(Qualifier.DynamicRO, Inverse = "GPU_group.VGPUs")]
    public Ref<GPU_group> GPU_group { get; init; } = Ref<GPU_group>.Null;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public string device { get; init; } = "0";

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public bool currently_attached { get; init; }

    [Field(Qualifier.RW, HasDefault = true)]
    public ImmutableSortedDictionary<string, string> other_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO, HasDefault = true, Inverse = "VGPU_type.VGPUs")]
    public Ref<VGPU_type> type { get; init; } = Ref<VGPU_type>.Null;

    [Field(Qualifier.DynamicRO, HasDefault = true, Inverse = "PGPU.resident_VGPUs")]
    public Ref<PGPU> resident_on { get; init; } = Ref<PGPU>.Null;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public Ref<PGPU> scheduled_to_be_resident_on { get; init; } = Ref<PGPU>.Null;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public ImmutableSortedDictionary<string, string> compatibility_metadata { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.RW, HasDefault = true)]
    public string extra_args { get; init; } = "";

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public Ref<PCI> PCI { get; init; } = Ref<PCI>.Null;
}

/// <summary>The explicit messages of VGPU, with the policy of each.</summary>
[MessagesOf(typeof(VGPU))]
public interface IVGPUMessages
{
    [Message(Role.PoolOperator, Async = true)]
    Task destroy(Call call, Ref<VGPU> self);

    [Message(Role.PoolOperator, Async = true)]
    Task<Ref<VGPU>> create(
        Call call, Ref<VM> VM, Ref<GPU_group> GPU_group, string device = "0", ImmutableSortedDictionary<string, string>? other_config = null,
        Ref<VGPU_type> type = default);
}
