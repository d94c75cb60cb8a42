using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>A USB device of a VM.</summary>
[XenClass("VUSB")]
public sealed partial record VUSB : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.DynamicRO, Persistent = false, HasDefault = true)]
    public ImmutableArray<vusb_operations> allowed_operations { get; init; } = [];

    [Field(Qualifier.DynamicRO, Persistent = false, HasDefault = true)]
    public ImmutableSortedDictionary<string, vusb_operations> current_operations { get; init; } = ImmutableSortedDictionary<string, vusb_operations>.Empty;

    [Field(Qualifier.DynamicRO, Inverse = "VM.VUSBs")]
    public Ref<VM> VM { get; init; } = Ref<VM>.Null;

    [Field(Qualifier.DynamicRO, Inverse = "USB_group.VUSBs")]
    public Ref<USB_group> USB_group { get; init; } = Ref<USB_group>.Null;

    [Field(Qualifier.RW, HasDefault = true, Writer = Role.PoolAdmin)]
    public ImmutableSortedDictionary<string, string> other_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public bool currently_attached { get; init; }
}

/// <summary>Operations of a VUSB.</summary>
[WireType]
public enum vusb_operations
{
    attach,
    plug,
    unplug,
}

/// <summary>The explicit messages of VUSB, with the policy of each.</summary>
[MessagesOf(typeof(VUSB))]
public interface IVUSBMessages
{
    [Message(Role.PoolAdmin, Async = true)]
    Task destroy(Call call, Ref<VUSB> self);

    [Message(Role.PoolAdmin, Async = true), RunsOn(Where.ObjectHost), Locks("unplug")]
    Task unplug(Call call, Ref<VUSB> self);

    [Message(Role.PoolAdmin, Async = true)]
    Task<Ref<VUSB>> create(Call call, Ref<VM> VM, Ref<USB_group> USB_group, ImmutableSortedDictionary<string, string>? other_config = null);
}
