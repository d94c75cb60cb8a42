using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>A local account, as sessions name it.</summary>
[XenClass("user", ExposesAll = false, Constructor = true, Events = false)]
public sealed partial record user : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.StaticRO)]
    public string short_name { get; init; } = "";

    [Field(Qualifier.RW, Writer = Role.PoolAdmin)]
    public string fullname { get; init; } = "";

    [Field(Qualifier.RW, HasDefault = true, Writer = Role.PoolAdmin)]
    public ImmutableSortedDictionary<string, string> other_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
}
