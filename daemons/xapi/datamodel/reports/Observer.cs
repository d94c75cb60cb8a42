using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>Which components send traces, and where to.</summary>
[XenClass("Observer", Constructor = true)]
public sealed partial record Observer : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.RW, Column = "name__label", HasDefault = true, Writer = Role.PoolAdmin)]
    public string name_label { get; init; } = "";

    [Field(Qualifier.RW, Column = "name__description", HasDefault = true, Writer = Role.PoolAdmin)]
    public string name_description { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public ImmutableArray<Ref<host>> hosts { get; init; } = [];

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public ImmutableSortedDictionary<string, string> attributes { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public ImmutableArray<string> endpoints { get; init; } = [];

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public ImmutableArray<string> components { get; init; } = [];

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public bool enabled { get; init; }
}

/// <summary>The explicit messages of Observer, with the policy of each.</summary>
[MessagesOf(typeof(Observer))]
public interface IObserverMessages
{
    [Message(Role.PoolAdmin, Async = true)]
    Task set_components(Call call, Ref<Observer> self, ImmutableArray<string> value);

    [Message(Role.PoolAdmin, Async = true)]
    Task set_endpoints(Call call, Ref<Observer> self, ImmutableArray<string> value);

    [Message(Role.PoolAdmin, Async = true)]
    Task set_attributes(Call call, Ref<Observer> self, ImmutableSortedDictionary<string, string> value);

    [Message(Role.PoolAdmin, Async = true)]
    Task set_enabled(Call call, Ref<Observer> self, bool value);

    [Message(Role.PoolAdmin, Async = true)]
    Task set_hosts(Call call, Ref<Observer> self, ImmutableArray<Ref<host>> value);
}
