using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>A text that other objects refer to by uuid instead of holding it.</summary>
[XenClass("secret", Constructor = true, ConstructorRole = Role.PoolOperator, Events = false, Reader = Role.PoolOperator)]
public sealed partial record secret : XenObject
{
    [Field(Qualifier.DynamicRO, Reader = Role.PoolOperator)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.RW, Reader = Role.PoolOperator)]
    public string value { get; init; } = "";

    [Field(Qualifier.RW, HasDefault = true)]
    public ImmutableSortedDictionary<string, string> other_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
}
