using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>A USB device that is plugged into a host.</summary>
[XenClass("PUSB")]
public sealed partial record PUSB : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true, Inverse = "USB_group.PUSBs")]
    public Ref<USB_group> USB_group { get; init; } = Ref<USB_group>.Null;

    [Field(Qualifier.StaticRO, HasDefault = true, Inverse = "host.PUSBs")]
    public Ref<host> host { get; init; } = Ref<host>.Null;

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public string path { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public string vendor_id { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public string vendor_desc { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public string product_id { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public string product_desc { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public string serial { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public string version { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public string description { get; init; } = "";

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public bool passthrough_enabled { get; init; }

    [Field(Qualifier.RW, HasDefault = true, Writer = Role.PoolAdmin)]
    public ImmutableSortedDictionary<string, string> other_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public double speed { get; init; } = -1.0;
}

/// <summary>The explicit messages of PUSB, with the policy of each.</summary>
[MessagesOf(typeof(PUSB))]
public interface IPUSBMessages
{
    [Message(Role.PoolAdmin, Async = true)]
    Task set_passthrough_enabled(Call call, Ref<PUSB> self, bool value);

    [Message(Role.PoolAdmin, Async = true), RunsOn(Where.ArgumentHost, "host")]
    Task scan(Call call, Ref<host> host);
}
