using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>A client of the pool, as rate limits tell them apart.</summary>
[XenClass("Caller")]
public sealed partial record Caller : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true, Inverse = "Rate_limit.callers")]
    public Ref<Rate_limit> rate_limit { get; init; } = Ref<Rate_limit>.Null;
}
