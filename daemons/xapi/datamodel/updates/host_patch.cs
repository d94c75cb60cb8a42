using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>A pool_patch on one host, superseded by pool_update.</summary>
[XenClass("host_patch")]
public sealed partial record host_patch : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.StaticRO, Column = "name__label", HasDefault = true)]
    public string name_label { get; init; } = "";

    [Field(Qualifier.StaticRO, Column = "name__description", HasDefault = true)]
    public string name_description { get; init; } = "";

    [Field(Qualifier.StaticRO)]
    public string version { get; init; } = "";

    [Field(Qualifier.StaticRO, Inverse = "host.patches")]
    public Ref<host> host { get; init; } = Ref<host>.Null;

    [Field(Qualifier.DynamicRO)]
    public bool applied { get; init; }

    [Field(Qualifier.DynamicRO)]
    public DateTimeOffset timestamp_applied { get; init; } = DateTimeOffset.UnixEpoch;

    [Field(Qualifier.DynamicRO)]
    public long size { get; init; }

    [Field(Qualifier.StaticRO, HasDefault = true, Inverse = "pool_patch.host_patches")]
    public Ref<pool_patch> pool_patch { get; init; } = Ref<pool_patch>.Null;

    [Field(Qualifier.RW, HasDefault = true)]
    public ImmutableSortedDictionary<string, string> other_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO, HasDefault = true, Internal = true)]
    public string filename { get; init; } = "";
}

/// <summary>The explicit messages of host_patch, with the policy of each.</summary>
[MessagesOf(typeof(host_patch))]
public interface Ihost_patchMessages
{
    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ObjectHost)]
    Task<string> apply(Call call, Ref<host_patch> self);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ObjectHost)]
    Task destroy(Call call, Ref<host_patch> self);
}
