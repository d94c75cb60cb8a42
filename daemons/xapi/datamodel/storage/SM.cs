using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>A storage driver that is installed.</summary>
[XenClass("SM")]
public sealed partial record SM : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.DynamicRO, Column = "name__label", HasDefault = true)]
    public string name_label { get; init; } = "";

    [Field(Qualifier.DynamicRO, Column = "name__description", HasDefault = true)]
    public string name_description { get; init; } = "";

    [Field(Qualifier.DynamicRO)]
    public string type { get; init; } = "";

    [Field(Qualifier.DynamicRO)]
    public string vendor { get; init; } = "";

    [Field(Qualifier.DynamicRO)]
    public string copyright { get; init; } = "";

    [Field(Qualifier.DynamicRO)]
    public string version { get; init; } = "";

    [Field(Qualifier.DynamicRO)]
    public string required_api_version { get; init; } = "";

    [Field(Qualifier.DynamicRO)]
    public ImmutableSortedDictionary<string, string> configuration { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public ImmutableArray<string> capabilities { get; init; } = [];

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public ImmutableSortedDictionary<string, long> features { get; init; } = ImmutableSortedDictionary<string, long>.Empty;

    [Field(Qualifier.RW, HasDefault = true)]
    public ImmutableSortedDictionary<string, string> other_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public string driver_filename { get; init; } = "";

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public ImmutableArray<string> required_cluster_stack { get; init; } = [];

    [Field(Qualifier.DynamicRO, HasDefault = true, Internal = true)]
    public ImmutableSortedDictionary<Ref<host>, ImmutableArray<string>> host_pending_features { get; init; } = ImmutableSortedDictionary<Ref<host>, ImmutableArray<string>>.Empty;
}
