using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>A value that is recorded over time; no rows of its own.</summary>
[XenClass("data_source", InDatabase = false, ExposesAll = false, Persistent = false, Events = false)]
public sealed partial record data_source : XenObject
{
    [Field(Qualifier.DynamicRO, Column = "name__label", HasDefault = true)]
    public string name_label { get; init; } = "";

    [Field(Qualifier.DynamicRO, Column = "name__description", HasDefault = true)]
    public string name_description { get; init; } = "";

    [Field(Qualifier.DynamicRO)]
    public bool enabled { get; init; }

    [Field(Qualifier.DynamicRO)]
    public bool standard { get; init; }

    [Field(Qualifier.DynamicRO)]
    public string units { get; init; } = "";

    [Field(Qualifier.DynamicRO)]
    public double min { get; init; }

    [Field(Qualifier.DynamicRO)]
    public double max { get; init; }

    [Field(Qualifier.DynamicRO)]
    public double value { get; init; }
}
