using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>The one pool that this server is part of.</summary>
[XenClass("pool")]
public sealed partial record pool : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.RW)]
    public string name_label { get; init; } = "";

    [Field(Qualifier.RW)]
    public string name_description { get; init; } = "";

    [Field(Qualifier.DynamicRO)]
    public Ref<host> master { get; init; } = Ref<host>.Null;

    [Field(Qualifier.RW)]
    public Ref<SR> default_SR { get; init; } = Ref<SR>.Null;

    [Field(Qualifier.RW)]
    public Ref<SR> suspend_image_SR { get; init; } = Ref<SR>.Null;

    [Field(Qualifier.RW)]
    public Ref<SR> crash_dump_SR { get; init; } = Ref<SR>.Null;

    [Field(Qualifier.RW, GuardedKeys = ["folder:vm-operator", "XenCenter.CustomFields.*:vm-operator", "EMPTY_FOLDERS:vm-operator"])]
    public ImmutableSortedDictionary<string, string> other_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public bool ha_enabled { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public ImmutableSortedDictionary<string, string> ha_configuration { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public ImmutableArray<string> ha_statefiles { get; init; } = [];

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public long ha_host_failures_to_tolerate { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public long ha_plan_exists_for { get; init; }

    [Field(Qualifier.RW, HasDefault = true)]
    public bool ha_allow_overcommit { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public bool ha_overcommitted { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public ImmutableSortedDictionary<string, Ref<blob>> blobs { get; init; } = ImmutableSortedDictionary<string, Ref<blob>>.Empty;

    [Field(Qualifier.RW, HasDefault = true, Writer = Role.VmOperator)]
    public ImmutableArray<string> tags { get; init; } = [];

    [Field(Qualifier.RW, HasDefault = true, Writer = Role.VmOperator)]
    public ImmutableSortedDictionary<string, string> gui_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.RW, HasDefault = true)]
    public ImmutableSortedDictionary<string, string> health_check_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public string wlb_url { get; init; } = "";

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public string wlb_username { get; init; } = "";

    [Field(Qualifier.RW, HasDefault = true, AlsoWriters = [Role.ClientCert])]
    public bool wlb_enabled { get; init; }

    [Field(Qualifier.RW, HasDefault = true)]
    public bool wlb_verify_cert { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public bool redo_log_enabled { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public Ref<VDI> redo_log_vdi { get; init; } = Ref<VDI>.Null;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public string vswitch_controller { get; init; } = "";

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public ImmutableSortedDictionary<string, string> restrictions { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<VDI>> metadata_VDIs { get; init; } = [];

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public string ha_cluster_stack { get; init; } = "";

    [Field(Qualifier.DynamicRO, Persistent = false, HasDefault = true)]
    public ImmutableArray<pool_allowed_operations> allowed_operations { get; init; } = [];

    [Field(Qualifier.DynamicRO, Persistent = false, HasDefault = true)]
    public ImmutableSortedDictionary<string, pool_allowed_operations> current_operations { get; init; } = ImmutableSortedDictionary<string, pool_allowed_operations>.Empty;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public ImmutableSortedDictionary<string, string> guest_agent_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public ImmutableSortedDictionary<string, string> cpu_info { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.RW, HasDefault = true)]
    public bool policy_no_vendor_device { get; init; }

    [Field(Qualifier.RW, HasDefault = true)]
    public bool live_patching_disabled { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public bool igmp_snooping_enabled { get; init; }

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public string uefi_certificates { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public string custom_uefi_certificates { get; init; } = "";

    [Field(Qualifier.RW, HasDefault = true)]
    public bool is_psr_pending { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public bool tls_verification_enabled { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public ImmutableArray<Ref<Repository>> repositories { get; init; } = [];

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public bool client_certificate_auth_enabled { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public string client_certificate_auth_name { get; init; } = "";

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public string repository_proxy_url { get; init; } = "";

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public string repository_proxy_username { get; init; } = "";

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public Ref<secret> repository_proxy_password { get; init; } = Ref<secret>.Null;

    [Field(Qualifier.RW, HasDefault = true)]
    public bool migration_compression { get; init; }

    [Field(Qualifier.RW, HasDefault = true)]
    public bool coordinator_bias { get; init; } = true;

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public long local_auth_max_threads { get; init; } = 8;

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public long ext_auth_max_threads { get; init; } = 1;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public Ref<secret> telemetry_uuid { get; init; } = Ref<secret>.Null;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public telemetry_frequency telemetry_frequency { get; init; } = telemetry_frequency.weekly;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public DateTimeOffset telemetry_next_collection { get; init; } = DateTimeOffset.UnixEpoch;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public DateTimeOffset last_update_sync { get; init; } = DateTimeOffset.UnixEpoch;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public update_sync_frequency update_sync_frequency { get; init; } = update_sync_frequency.weekly;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public long update_sync_day { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public bool update_sync_enabled { get; init; }
}
