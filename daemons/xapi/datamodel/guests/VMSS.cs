using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>A schedule by which snapshots of VMs are taken.</summary>
[XenClass("VMSS", Constructor = true, ConstructorRole = Role.PoolOperator)]
public sealed partial record VMSS : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.RW, Column = "name__label", HasDefault = true)]
    public string name_label { get; init; } = "";

    [Field(Qualifier.RW, Column = "name__description", HasDefault = true)]
    public string name_description { get; init; } = "";

    [Field(Qualifier.RW, HasDefault = true)]
    public bool enabled { get; init; } = true;

    [Field(Qualifier.StaticRO)]
    public vmss_type type { get; init; }

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public long retained_snapshots { get; init; } = 7;

    [Field(Qualifier.StaticRO)]
    public vmss_frequency frequency { get; init; }

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public ImmutableSortedDictionary<string, string> schedule { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public DateTimeOffset last_run_time { get; init; } = DateTimeOffset.UnixEpoch;

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<VM>> VMs { get; init; } = [];
}

/// <summary>How often a schedule takes snapshots.</summary>
[WireType]
public enum vmss_frequency
{
    hourly,
    daily,
    weekly,
}

/// <summary>What kind of snapshot a schedule takes.</summary>
[WireType]
public enum vmss_type
{
    snapshot,
    checkpoint,
    snapshot_with_quiesce,
}

/// <summary>The explicit messages of VMSS, with the policy of each.</summary>
[MessagesOf(typeof(VMSS))]
public interface IVMSSMessages
{
    [Message(Role.PoolOperator)]
    Task set_type(Call call, Ref<VMSS> self, vmss_type value);

    [Message(Role.LocalRoot)]
    Task set_last_run_time(Call call, Ref<VMSS> self, DateTimeOffset value);

    [Message(Role.PoolOperator)]
    Task remove_from_schedule(Call call, Ref<VMSS> self, string key);

    [Message(Role.PoolOperator)]
    Task add_to_schedule(Call call, Ref<VMSS> self, string key, string value);

    [Message(Role.PoolOperator)]
    Task set_schedule(Call call, Ref<VMSS> self, ImmutableSortedDictionary<string, string> value);

    [Message(Role.PoolOperator)]
    Task set_frequency(Call call, Ref<VMSS> self, vmss_frequency value);

    [Message(Role.PoolOperator)]
    Task set_retained_snapshots(Call call, Ref<VMSS> self, long value);

    [Message(Role.PoolOperator)]
    Task<string> snapshot_now(Call call, Ref<VMSS> vmss);
}
