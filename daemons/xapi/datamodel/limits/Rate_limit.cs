using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>How much a group of clients may ask for.</summary>
[XenClass("Rate_limit")]
public sealed partial record Rate_limit : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<Caller>> callers { get; init; } = [];
}
