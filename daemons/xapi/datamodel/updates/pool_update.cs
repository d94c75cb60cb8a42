using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>An update package that is known to the pool, and the hosts that have it.</summary>
[XenClass("pool_update")]
public sealed partial record pool_update : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.StaticRO, Column = "name__label", HasDefault = true)]
    public string name_label { get; init; } = "";

    [Field(Qualifier.StaticRO, Column = "name__description", HasDefault = true)]
    public string name_description { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public string version { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public long installation_size { get; init; }

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public string key { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public ImmutableArray<update_after_apply_guidance> after_apply_guidance { get; init; } = [];

    [Field(Qualifier.StaticRO)]
    public Ref<VDI> vdi { get; init; } = Ref<VDI>.Null;

    [Field(Qualifier.DynamicRO, Peer = "host.updates")]
    public ImmutableArray<Ref<host>> hosts { get; init; } = [];

    [Field(Qualifier.RW, HasDefault = true)]
    public ImmutableSortedDictionary<string, string> other_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public bool enforce_homogeneity { get; init; }
}

/// <summary>What is to be restarted after a pool_update.</summary>
[WireType]
public enum update_after_apply_guidance
{
    restartHVM,
    restartPV,
    restartHost,
    restartXAPI,
}

/// <summary>How much of an update takes effect without a restart.</summary>
[WireType]
public enum livepatch_status
{
    ok_livepatch_complete,
    ok_livepatch_incomplete,
    ok,
}

/// <summary>The explicit messages of pool_update, with the policy of each.</summary>
[MessagesOf(typeof(pool_update))]
public interface Ipool_updateMessages
{
    [Message(Role.PoolOperator, Async = true)]
    Task destroy(Call call, Ref<pool_update> self);

    [Message(Role.PoolOperator, Async = true)]
    Task pool_clean(Call call, Ref<pool_update> self);

    [Message(Role.PoolOperator, Async = true)]
    Task pool_apply(Call call, Ref<pool_update> self);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ArgumentHost, "host")]
    Task apply(Call call, Ref<pool_update> self, Ref<host> host);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ArgumentHost, "host")]
    Task<livepatch_status> precheck(Call call, Ref<pool_update> self, Ref<host> host);

    [Message(Role.PoolOperator, Async = true)]
    Task<Ref<pool_update>> introduce(Call call, Ref<VDI> vdi);
}
