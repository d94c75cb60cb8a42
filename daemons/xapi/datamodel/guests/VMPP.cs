using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>A protection policy of older releases: removed, kept so that references to it have a class.</summary>
[XenClass("VMPP", Constructor = true, ConstructorRole = Role.PoolOperator, Removed = true)]
public sealed partial record VMPP : XenObject
{
    [Field(Qualifier.DynamicRO, Removed = true)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.RW, Column = "name__label", HasDefault = true)]
    public string name_label { get; init; } = "";

    [Field(Qualifier.RW, Column = "name__description", HasDefault = true)]
    public string name_description { get; init; } = "";

    [Field(Qualifier.RW, HasDefault = true, Removed = true)]
    public bool is_policy_enabled { get; init; } = true;

    [Field(Qualifier.RW, HasDefault = true, Removed = true)]
    public vmpp_backup_type backup_type { get; init; }

    [Field(Qualifier.StaticRO, HasDefault = true, Removed = true)]
    public long backup_retention_value { get; init; } = 7;

    [Field(Qualifier.StaticRO, HasDefault = true, Removed = true)]
    public vmpp_backup_frequency backup_frequency { get; init; } = vmpp_backup_frequency.daily;

    [Field(Qualifier.StaticRO, HasDefault = true, Removed = true)]
    public ImmutableSortedDictionary<string, string> backup_schedule { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO, Removed = true)]
    public bool is_backup_running { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true, Removed = true)]
    public DateTimeOffset backup_last_run_time { get; init; } = DateTimeOffset.UnixEpoch;

    [Field(Qualifier.StaticRO, HasDefault = true, Removed = true)]
    public vmpp_archive_target_type archive_target_type { get; init; }

    [Field(Qualifier.StaticRO, HasDefault = true, Removed = true)]
    public ImmutableSortedDictionary<string, string> archive_target_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.StaticRO, HasDefault = true, Removed = true)]
    public vmpp_archive_frequency archive_frequency { get; init; }

    [Field(Qualifier.StaticRO, HasDefault = true, Removed = true)]
    public ImmutableSortedDictionary<string, string> archive_schedule { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO, Removed = true)]
    public bool is_archive_running { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true, Removed = true)]
    public DateTimeOffset archive_last_run_time { get; init; } = DateTimeOffset.UnixEpoch;

    [Field(Qualifier.DynamicRO, Removed = true)]
    public ImmutableArray<Ref<VM>> VMs { get; init; } = [];

    [Field(Qualifier.StaticRO, HasDefault = true, Removed = true)]
    public bool is_alarm_enabled { get; init; }

    [Field(Qualifier.StaticRO, HasDefault = true, Removed = true)]
    public ImmutableSortedDictionary<string, string> alarm_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO, HasDefault = true, Removed = true)]
    public ImmutableArray<string> recent_alerts { get; init; } = [];
}

/// <summary>What a protection policy takes.</summary>
[WireType]
public enum vmpp_backup_type
{
    snapshot,
    checkpoint,
}

/// <summary>How often a protection policy takes it.</summary>
[WireType]
public enum vmpp_backup_frequency
{
    hourly,
    daily,
    weekly,
}

/// <summary>How often a protection policy archives.</summary>
[WireType]
public enum vmpp_archive_frequency
{
    never,
    always_after_backup,
    daily,
    weekly,
}

/// <summary>Where a protection policy archives to.</summary>
[WireType]
public enum vmpp_archive_target_type
{
    none,
    cifs,
    nfs,
}

/// <summary>The explicit messages of VMPP, with the policy of each.</summary>
[MessagesOf(typeof(VMPP))]
public interface IVMPPMessages
{
    [Message(Role.LocalRoot, Removed = true)]
    Task set_archive_last_run_time(Call call, Ref<VMPP> self, DateTimeOffset value);

    [Message(Role.LocalRoot, Removed = true)]
    Task set_backup_last_run_time(Call call, Ref<VMPP> self, DateTimeOffset value);

    [Message(Role.PoolOperator, Removed = true)]
    Task remove_from_alarm_config(Call call, Ref<VMPP> self, string key);

    [Message(Role.PoolOperator, Removed = true)]
    Task remove_from_archive_schedule(Call call, Ref<VMPP> self, string key);

    [Message(Role.PoolOperator, Removed = true)]
    Task remove_from_archive_target_config(Call call, Ref<VMPP> self, string key);

    [Message(Role.PoolOperator, Removed = true)]
    Task remove_from_backup_schedule(Call call, Ref<VMPP> self, string key);

    [Message(Role.PoolOperator, Removed = true)]
    Task add_to_alarm_config(Call call, Ref<VMPP> self, string key, string value);

    [Message(Role.PoolOperator, Removed = true)]
    Task add_to_archive_schedule(Call call, Ref<VMPP> self, string key, string value);

    [Message(Role.PoolOperator, Removed = true)]
    Task add_to_archive_target_config(Call call, Ref<VMPP> self, string key, string value);

    [Message(Role.PoolOperator, Removed = true)]
    Task add_to_backup_schedule(Call call, Ref<VMPP> self, string key, string value);

    [Message(Role.PoolOperator, Removed = true)]
    Task set_alarm_config(Call call, Ref<VMPP> self, ImmutableSortedDictionary<string, string> value);

    [Message(Role.PoolOperator, Removed = true)]
    Task set_is_alarm_enabled(Call call, Ref<VMPP> self, bool value);

    [Message(Role.PoolOperator, Removed = true)]
    Task set_archive_target_config(Call call, Ref<VMPP> self, ImmutableSortedDictionary<string, string> value);

    [Message(Role.PoolOperator, Removed = true)]
    Task set_archive_target_type(Call call, Ref<VMPP> self, vmpp_archive_target_type value);

    [Message(Role.PoolOperator, Removed = true)]
    Task set_archive_schedule(Call call, Ref<VMPP> self, ImmutableSortedDictionary<string, string> value);

    [Message(Role.PoolOperator, Removed = true)]
    Task set_archive_frequency(Call call, Ref<VMPP> self, vmpp_archive_frequency value);

    [Message(Role.PoolOperator, Removed = true)]
    Task set_backup_schedule(Call call, Ref<VMPP> self, ImmutableSortedDictionary<string, string> value);

    [Message(Role.PoolOperator, Removed = true)]
    Task set_backup_frequency(Call call, Ref<VMPP> self, vmpp_backup_frequency value);

    [Message(Role.PoolOperator, Removed = true)]
    Task set_backup_retention_value(Call call, Ref<VMPP> self, long value);

    [Message(Role.PoolOperator, Removed = true)]
    Task<ImmutableArray<string>> get_alerts(Call call, Ref<VMPP> vmpp, long hours_from_now);

    [Message(Role.VmPowerAdmin, Removed = true)]
    Task<string> archive_now(Call call, Ref<VM> snapshot);

    [Message(Role.PoolOperator, Removed = true)]
    Task<string> protect_now(Call call, Ref<VMPP> vmpp);
}
