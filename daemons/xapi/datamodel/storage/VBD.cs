using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>A virtual block device: the attachment of a VDI to a VM.</summary>
[XenClass("VBD", Constructor = true, ConstructorRole = Role.VmAdmin)]
public sealed partial record VBD : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.DynamicRO, Persistent = false, HasDefault = true)]
    public ImmutableArray<vbd_operations> allowed_operations { get; init; } = [];

    [Field(Qualifier.DynamicRO, Persistent = false, HasDefault = true)]
    public ImmutableSortedDictionary<string, vbd_operations> current_operations { get; init; } = ImmutableSortedDictionary<string, vbd_operations>.Empty;

    [Field(Qualifier.StaticRO, Inverse = "VM.VBDs")]
    public Ref<VM> VM { get; init; } = Ref<VM>.Null;

    [Field(Qualifier.StaticRO, Inverse = "VDI.VBDs")]
    public Ref<VDI> VDI { get; init; } = Ref<VDI>.Null;

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public string device { get; init; } = "";

    [Field(Qualifier.RW, Writer = Role.VmAdmin)]
    public string userdevice { get; init; } = "";

    [Field(Qualifier.RW, Writer = Role.VmAdmin)]
    public bool bootable { get; init; }

    [Field(Qualifier.StaticRO)]
    public vbd_mode mode { get; init; }

    [Field(Qualifier.RW, Writer = Role.VmAdmin)]
    public vbd_type type { get; init; }

    [Field(Qualifier.RW, HasDefault = true, Writer = Role.VmAdmin)]
    public bool unpluggable { get; init; } = true;

    [Field(Qualifier.DynamicRO)]
    public bool storage_lock { get; init; }

    [Field(Qualifier.StaticRO)]
    public bool empty { get; init; }

    [Field(Qualifier.RW, Writer = Role.VmAdmin)]
    public ImmutableSortedDictionary<string, string> other_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public bool currently_attached { get; init; }

    [Field(Qualifier.DynamicRO)]
    public long status_code { get; init; }

    [Field(Qualifier.DynamicRO)]
    public string status_detail { get; init; } = "";

    [Field(Qualifier.DynamicRO)]
    public ImmutableSortedDictionary<string, string> runtime_properties { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.RW, Column = "qos__algorithm_type", Writer = Role.VmAdmin)]
    public string qos_algorithm_type { get; init; } = "";

    [Field(Qualifier.RW, Column = "qos__algorithm_params", Writer = Role.VmAdmin)]
    public ImmutableSortedDictionary<string, string> qos_algorithm_params { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO, Column = "qos__supported_algorithms")]
    public ImmutableArray<string> qos_supported_algorithms { get; init; } = [];

    [Field(Qualifier.DynamicRO, HasDefault = true, Removed = true)]
    public Ref<VBD_metrics> metrics { get; init; } = Ref<VBD_metrics>.Null;

    [Field(Qualifier.DynamicRO, HasDefault = true, Internal = true)]
    public bool reserved { get; init; }
}

/// <summary>Operations of a VBD.</summary>
[WireType]
public enum vbd_operations
{
    attach,
    eject,
    insert,
    plug,
    unplug,
    unplug_force,
    pause,
    unpause,
}

/// <summary>How a VBD looks to the guest.</summary>
[WireType]
public enum vbd_type
{
    CD,
    Disk,
    Floppy,
}

/// <summary>Whether the guest may write to a VBD.</summary>
[WireType]
public enum vbd_mode
{
    RO,
    RW,
}

/// <summary>The explicit messages of VBD, with the policy of each.</summary>
[MessagesOf(typeof(VBD))]
public interface IVBDMessages
{
    [Message(Role.VmAdmin, Async = true)]
    Task<Ref<VBD>> create(Call call, VBD args);

    [Message(Role.VmAdmin, Async = true)]
    Task destroy(Call call, Ref<VBD> self);

    [Message(Role.VmAdmin, Async = true)]
    Task set_mode(Call call, Ref<VBD> self, vbd_mode value);

    [Message(Role.VmAdmin, Async = true)]
    Task assert_attachable(Call call, Ref<VBD> self);

    [Message(Role.VmAdmin, Async = true), RunsOn(Where.ObjectHost), Locks("unplug_force")]
    Task unplug_force(Call call, Ref<VBD> self);

    [Message(Role.VmAdmin, Async = true), RunsOn(Where.ObjectHost), Locks("unplug"), Raises("DEVICE_DETACH_REJECTED", "DEVICE_ALREADY_DETACHED")]
    Task unplug(Call call, Ref<VBD> self);

    [Message(Role.VmAdmin, Async = true), RunsOn(Where.ObjectHost), Locks("plug")]
    Task plug(Call call, Ref<VBD> self);

    [Message(Role.VmOperator, Async = true), RunsOn(Where.ObjectHost), Locks("insert"), Raises("VBD_NOT_REMOVABLE_MEDIA", "VBD_NOT_EMPTY")]
    Task insert(Call call, Ref<VBD> vbd, Ref<VDI> vdi);

    [Message(Role.VmOperator, Async = true), RunsOn(Where.ObjectHost), Locks("eject"), Raises("VBD_NOT_REMOVABLE_MEDIA", "VBD_IS_EMPTY")]
    Task eject(Call call, Ref<VBD> vbd);
}
