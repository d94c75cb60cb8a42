using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>Binary data that clients keep beside an object.</summary>
[XenClass("blob")]
public sealed partial record blob : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.RW, Column = "name__label", HasDefault = true)]
    public string name_label { get; init; } = "";

    [Field(Qualifier.RW, Column = "name__description", HasDefault = true)]
    public string name_description { get; init; } = "";

    [Field(Qualifier.DynamicRO)]
    public long size { get; init; }

    [Field(Qualifier.RW, HasDefault = true)]
    public bool @public { get; init; }

    [Field(Qualifier.StaticRO)]
    public DateTimeOffset last_updated { get; init; } = DateTimeOffset.UnixEpoch;

    [Field(Qualifier.StaticRO)]
    public string mime_type { get; init; } = "";
}

/// <summary>The explicit messages of blob, with the policy of each.</summary>
[MessagesOf(typeof(blob))]
public interface IblobMessages
{
    [Message(Role.PoolOperator)]
    Task destroy(Call call, Ref<blob> self);

    [Message(Role.PoolOperator)]
    Task<Ref<blob>> create(Call call, string mime_type, bool @public = false);
}
