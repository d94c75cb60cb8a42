using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>USB devices that are alike, from which those of VMs are taken.</summary>
[XenClass("USB_group")]
public sealed partial record USB_group : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.RW, Column = "name__label", HasDefault = true, Writer = Role.PoolAdmin)]
    public string name_label { get; init; } = "";

    [Field(Qualifier.RW, Column = "name__description", HasDefault = true, Writer = Role.PoolAdmin)]
    public string name_description { get; init; } = "";

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<PUSB>> PUSBs { get; init; } = [];

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<VUSB>> VUSBs { get; init; } = [];

    [Field(Qualifier.RW, HasDefault = true, Writer = Role.PoolAdmin)]
    public ImmutableSortedDictionary<string, string> other_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
}

/// <summary>The explicit messages of USB_group, with the policy of each.</summary>
[MessagesOf(typeof(USB_group))]
public interface IUSB_groupMessages
{
    [Message(Role.PoolAdmin, Async = true)]
    Task destroy(Call call, Ref<USB_group> self);

    [Message(Role.PoolAdmin, Async = true)]
    Task<Ref<USB_group>> create(
        Call call, string name_label = "", string name_description = "", ImmutableSortedDictionary<string, string>? other_config = null);
}
