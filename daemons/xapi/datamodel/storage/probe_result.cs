using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>One thing that a probe for storage found; a value, no rows.</summary>
[XenClass("probe_result", InDatabase = false, ExposesAll = false, Persistent = false, Events = false)]
public sealed partial record probe_result : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public ImmutableSortedDictionary<string, string> configuration { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO)]
    public bool complete { get; init; }

    [Field(Qualifier.DynamicRO)]
    public sr_stat? sr { get; init; }

    [Field(Qualifier.DynamicRO)]
    public ImmutableSortedDictionary<string, string> extra_info { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
}
