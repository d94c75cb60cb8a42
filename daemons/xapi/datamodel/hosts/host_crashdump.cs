using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>A dump that a host left behind when it crashed.</summary>
[XenClass("host_crashdump")]
public sealed partial record host_crashdump : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.StaticRO, Inverse = "host.crashdumps")]
    public Ref<host> host { get; init; } = Ref<host>.Null;

    [Field(Qualifier.DynamicRO)]
    public DateTimeOffset timestamp { get; init; } = DateTimeOffset.UnixEpoch;

    [Field(Qualifier.DynamicRO)]
    public long size { get; init; }

    [Field(Qualifier.RW, HasDefault = true)]
    public ImmutableSortedDictionary<string, string> other_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO, HasDefault = true, Internal = true)]
    public string filename { get; init; } = "";
}

/// <summary>The explicit messages of host_crashdump, with the policy of each.</summary>
[MessagesOf(typeof(host_crashdump))]
public interface Ihost_crashdumpMessages
{
    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ObjectHost)]
    Task upload(Call call, Ref<host_crashdump> self, string url, ImmutableSortedDictionary<string, string> options);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ObjectHost)]
    Task destroy(Call call, Ref<host_crashdump> self);
}
