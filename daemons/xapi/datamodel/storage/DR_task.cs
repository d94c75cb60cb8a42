using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>The recovery of objects from the storage of another pool.</summary>
[XenClass("DR_task")]
public sealed partial record DR_task : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<SR>> introduced_SRs { get; init; } = [];
}

/// <summary>The explicit messages of DR_task, with the policy of each.</summary>
[MessagesOf(typeof(DR_task))]
public interface IDR_taskMessages
{
    [Message(Role.PoolOperator, Async = true)]
    Task destroy(Call call, Ref<DR_task> self);

    [Message(Role.PoolOperator, Async = true)]
    Task<Ref<DR_task>> create(Call call, string type, ImmutableSortedDictionary<string, string> device_config, ImmutableArray<string> whitelist);
}
