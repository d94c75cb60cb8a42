using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>An update in the old form, superseded by pool_update.</summary>
[XenClass("pool_patch")]
public sealed partial record pool_patch : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.StaticRO, Column = "name__label", HasDefault = true)]
    public string name_label { get; init; } = "";

    [Field(Qualifier.StaticRO, Column = "name__description", HasDefault = true)]
    public string name_description { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public string version { get; init; } = "";

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public long size { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public bool pool_applied { get; init; }

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<host_patch>> host_patches { get; init; } = [];

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public ImmutableArray<after_apply_guidance> after_apply_guidance { get; init; } = [];

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public Ref<pool_update> pool_update { get; init; } = Ref<pool_update>.Null;

    [Field(Qualifier.RW, HasDefault = true)]
    public ImmutableSortedDictionary<string, string> other_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO, HasDefault = true, Internal = true)]
    public string filename { get; init; } = "";
}

/// <summary>What is to be restarted after a pool_patch.</summary>
[WireType]
public enum after_apply_guidance
{
    restartHVM,
    restartPV,
    restartHost,
    restartXAPI,
}

/// <summary>The explicit messages of pool_patch, with the policy of each.</summary>
[MessagesOf(typeof(pool_patch))]
public interface Ipool_patchMessages
{
    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ArgumentHost, "host")]
    Task clean_on_host(Call call, Ref<pool_patch> self, Ref<host> host);

    [Message(Role.PoolOperator, Async = true)]
    Task destroy(Call call, Ref<pool_patch> self);

    [Message(Role.PoolOperator, Async = true)]
    Task pool_clean(Call call, Ref<pool_patch> self);

    [Message(Role.PoolOperator, Async = true)]
    Task clean(Call call, Ref<pool_patch> self);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ArgumentHost, "host")]
    Task<string> precheck(Call call, Ref<pool_patch> self, Ref<host> host);

    [Message(Role.PoolOperator, Async = true)]
    Task pool_apply(Call call, Ref<pool_patch> self);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ArgumentHost, "host")]
    Task<string> apply(Call call, Ref<pool_patch> self, Ref<host> host);
}
