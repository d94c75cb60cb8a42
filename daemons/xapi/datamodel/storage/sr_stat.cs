using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>What a probe says of a storage repository it found; a value, no rows.</summary>
[XenClass("sr_stat", InDatabase = false, ExposesAll = false, Persistent = false, Events = false)]
public sealed partial record sr_stat : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string? uuid { get; init; }

    [Field(Qualifier.DynamicRO, Column = "name__label")]
    public string name_label { get; init; } = "";

    [Field(Qualifier.DynamicRO, Column = "name__description")]
    public string name_description { get; init; } = "";

    [Field(Qualifier.DynamicRO)]
    public long free_space { get; init; }

    [Field(Qualifier.DynamicRO)]
    public long total_space { get; init; }

    [Field(Qualifier.DynamicRO)]
    public bool clustered { get; init; }

    [Field(Qualifier.DynamicRO)]
    public sr_health health { get; init; }
}

/// <summary>The state of a storage repository.</summary>
[WireType]
public enum sr_health
{
    healthy,
    recovering,
}
