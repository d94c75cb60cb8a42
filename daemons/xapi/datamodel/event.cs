using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>What event.from and event.next report; no rows of its own.</summary>
[XenClass("event", InDatabase = false, ExposesAll = false, Events = false, Persistent = false)]
public sealed partial record @event : XenObject
{
    [Field(Qualifier.DynamicRO), TypeText("<class> record")]
    public Value snapshot { get; init; } = Value.Nil.Instance;

    [Field(Qualifier.StaticRO)]
    public long id { get; init; }

    [Field(Qualifier.StaticRO)]
    public DateTimeOffset timestamp { get; init; } = DateTimeOffset.UnixEpoch;

    [Field(Qualifier.StaticRO)]
    public string @class { get; init; } = "";

    [Field(Qualifier.StaticRO)]
    public event_operation operation { get; init; }

    [Field(Qualifier.StaticRO)]
    public string @ref { get; init; } = "";

    [Field(Qualifier.StaticRO)]
    public string obj_uuid { get; init; } = "";
}

/// <summary>What happened to an object.</summary>
[WireType]
public enum event_operation
{
    add,
    del,
    mod,
}

/// <summary>The explicit messages of event, with the policy of each.</summary>
[MessagesOf(typeof(@event))]
public interface IeventMessages
{
    [Message(Role.ReadOnly)]
    Task<string> inject(Call call, string @class, string @ref);

    [Message(Role.ReadOnly)]
    Task<long> get_current_id(Call call);

    [Message(Role.ReadOnly), Raises("SESSION_NOT_REGISTERED", "EVENTS_LOST"), TypeText("an event batch")]
    Task<MessageResult> from(Call call, ImmutableArray<string> classes, string token, double timeout);

    [Message(Role.ReadOnly), Raises("SESSION_NOT_REGISTERED", "EVENTS_LOST"), TypeText("event record set")]
    Task<MessageResult> next(Call call);

    [Message(Role.ReadOnly)]
    Task unregister(Call call, ImmutableArray<string> classes);

    [Message(Role.ReadOnly)]
    Task register(Call call, ImmutableArray<string> classes);
}
