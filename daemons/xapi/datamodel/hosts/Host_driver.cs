using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>A driver of a host of which there are several variants.</summary>
[XenClass("Host_driver")]
public sealed partial record Host_driver : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public Ref<host> host { get; init; } = Ref<host>.Null;

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public string name { get; init; } = "";

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<Driver_variant>> variants { get; init; } = [];
}
