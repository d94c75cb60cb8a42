using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>One version of a host's driver.</summary>
[XenClass("Driver_variant")]
public sealed partial record Driver_variant : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public string name { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true, Inverse = "Host_driver.variants")]
    public Ref<Host_driver> driver { get; init; } = Ref<Host_driver>.Null;
}
