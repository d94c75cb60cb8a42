using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>The way by which a host reaches a storage repository.</summary>
[XenClass("PBD", Constructor = true, ConstructorRole = Role.PoolOperator)]
public sealed partial record PBD : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.StaticRO, Inverse = "host.PBDs")]
    public Ref<host> host { get; init; } = Ref<host>.Null;

    [Field(Qualifier.StaticRO, Inverse = "SR.PBDs")]
    public Ref<SR> SR { get; init; } = Ref<SR>.Null;

    [Field(Qualifier.StaticRO)]
    public ImmutableSortedDictionary<string, string> device_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO)]
    public bool currently_attached { get; init; }

    [Field(Qualifier.RW, HasDefault = true)]
    public ImmutableSortedDictionary<string, string> other_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
}

/// <summary>The explicit messages of PBD, with the policy of each.</summary>
[MessagesOf(typeof(PBD))]
public interface IPBDMessages
{
    [Message(Role.PoolOperator, Async = true)]
    Task<Ref<PBD>> create(Call call, PBD args);

    [Message(Role.PoolOperator, Async = true)]
    Task destroy(Call call, Ref<PBD> self);

    [Message(Role.PoolOperator, Async = true)]
    Task set_device_config(Call call, Ref<PBD> self, ImmutableSortedDictionary<string, string> value);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ObjectHost), Locks("unplug", Of = "SR")]
    Task unplug(Call call, Ref<PBD> self);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ObjectHost), Locks("plug", Of = "SR"), Raises("SR_UNKNOWN_DRIVER")]
    Task plug(Call call, Ref<PBD> self);
}
