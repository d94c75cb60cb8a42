using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>A feature of a host that can be switched on while it is still experimental.</summary>
[XenClass("Feature")]
public sealed partial record Feature : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.StaticRO, Column = "name__label", HasDefault = true)]
    public string name_label { get; init; } = "";

    [Field(Qualifier.StaticRO, Column = "name__description", HasDefault = true)]
    public string name_description { get; init; } = "";

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public bool enabled { get; init; }

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public bool experimental { get; init; }

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public string version { get; init; } = "1.0";

    [Field(Qualifier.DynamicRO, Inverse = "host.features")]
    public Ref<host> host { get; init; } = Ref<host>.Null;
}
