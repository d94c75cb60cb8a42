using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>A notice to whoever looks after the pool. Messages are not rows of the database.</summary>
[XenClass("message", InDatabase = false, ExposesAll = false, Persistent = false)]
public sealed partial record message : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.DynamicRO)]
    public string name { get; init; } = "";

    [Field(Qualifier.DynamicRO)]
    public long priority { get; init; }

    [Field(Qualifier.DynamicRO)]
    public cls cls { get; init; }

    [Field(Qualifier.DynamicRO)]
    public string obj_uuid { get; init; } = "";

    [Field(Qualifier.DynamicRO)]
    public DateTimeOffset timestamp { get; init; } = DateTimeOffset.UnixEpoch;

    [Field(Qualifier.DynamicRO)]
    public string body { get; init; } = "";
}

/// <summary>The classes of objects that messages are about.</summary>
[WireType]
public enum cls
{
    VM,
    Host,
    SR,
    Pool,
    VMPP,
    VMSS,
    PVS_proxy,
    VDI,
    Certificate,
}

/// <summary>The explicit messages of message, with the policy of each.</summary>
[MessagesOf(typeof(message))]
public interface ImessageMessages
{
    [Message(Role.ReadOnly)]
    Task<ImmutableSortedDictionary<Ref<message>, message>> get_all_records_where(Call call, string expr);

    [Message(Role.ReadOnly)]
    Task<ImmutableSortedDictionary<Ref<message>, message>> get_all_records(Call call);

    [Message(Role.ReadOnly)]
    Task<Ref<message>> get_by_uuid(Call call, string uuid);

    [Message(Role.ReadOnly)]
    Task<message> get_record(Call call, Ref<message> self);

    [Message(Role.ReadOnly)]
    Task<ImmutableSortedDictionary<Ref<message>, message>> get_since(Call call, DateTimeOffset since);

    [Message(Role.ReadOnly)]
    Task<ImmutableArray<Ref<message>>> get_all(Call call);

    [Message(Role.ReadOnly)]
    Task<ImmutableSortedDictionary<Ref<message>, message>> get(Call call, cls cls, string obj_uuid, DateTimeOffset since);

    [Message(Role.PoolOperator, Async = true)]
    Task destroy_many(Call call, ImmutableArray<Ref<message>> messages);

    [Message(Role.PoolOperator)]
    Task destroy(Call call, Ref<message> self);

    [Message(Role.PoolOperator)]
    Task<Ref<message>> create(Call call, string name, long priority, cls cls, string obj_uuid, string body);
}
