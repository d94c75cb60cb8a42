using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>A physical GPU of a host.</summary>
[XenClass("PGPU")]
public sealed partial record PGPU : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public Ref<PCI> PCI { get; init; } = Ref<PCI>.Null;

    [Field(Qualifier.StaticRO, HasDefault = true, Inverse = "GPU_group.PGPUs")]
    public Ref<GPU_group> GPU_group { get; init; } = Ref<GPU_group>.Null;

    [Field(Qualifier.DynamicRO, HasDefault = true, Inverse = "host.PGPUs")]
    public Ref<host> host { get; init; } = Ref<host>.Null;

    [Field(Qualifier.RW, HasDefault = true)]
    public ImmutableSortedDictionary<string, string> other_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO, Peer = "VGPU_type.supported_on_PGPUs")]
    public ImmutableArray<Ref<VGPU_type>> supported_VGPU_types { get; init; } = [];

    [Field(Qualifier.DynamicRO, Peer = "VGPU_type.enabled_on_PGPUs")]
    public ImmutableArray<Ref<VGPU_type>> enabled_VGPU_types { get; init; } = [];

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<VGPU>> resident_VGPUs { get; init; } = [];

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public ImmutableSortedDictionary<Ref<VGPU_type>, long> supported_VGPU_max_capacities { get; init; } = ImmutableSortedDictionary<Ref<VGPU_type>, long>.Empty;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public pgpu_dom0_access dom0_access { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public bool is_system_display_device { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public ImmutableSortedDictionary<string, string> compatibility_metadata { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO, HasDefault = true, Internal = true)]
    public long size { get; init; } = 1048576;
}

/// <summary>Whether the control domain may use a GPU, now or after the next boot.</summary>
[WireType]
public enum pgpu_dom0_access
{
    enabled,
    disable_on_reboot,
    disabled,
    enable_on_reboot,
}

/// <summary>The explicit messages of PGPU, with the policy of each.</summary>
[MessagesOf(typeof(PGPU))]
public interface IPGPUMessages
{
    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ObjectHost)]
    Task<pgpu_dom0_access> disable_dom0_access(Call call, Ref<PGPU> self);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ObjectHost)]
    Task<pgpu_dom0_access> enable_dom0_access(Call call, Ref<PGPU> self);

    [Message(Role.ReadOnly, Async = true)]
    Task<long> get_remaining_capacity(Call call, Ref<PGPU> self, Ref<VGPU_type> vgpu_type);

    [Message(Role.PoolOperator, Async = true)]
    Task set_GPU_group(Call call, Ref<PGPU> self, Ref<GPU_group> value);

    [Message(Role.PoolOperator, Async = true)]
    Task set_enabled_VGPU_types(Call call, Ref<PGPU> self, ImmutableArray<Ref<VGPU_type>> value);

    [Message(Role.PoolOperator, Async = true)]
    Task remove_enabled_VGPU_types(Call call, Ref<PGPU> self, Ref<VGPU_type> value);

    [Message(Role.PoolOperator, Async = true)]
    Task add_enabled_VGPU_types(Call call, Ref<PGPU> self, Ref<VGPU_type> value);
}
