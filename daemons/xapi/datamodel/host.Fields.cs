using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>A physical machine that runs domains.</summary>
[XenClass("host")]
public sealed partial record host : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.RW, Column = "name__label", HasDefault = true)]
    public string name_label { get; init; } = "";

    [Field(Qualifier.RW, Column = "name__description", HasDefault = true)]
    public string name_description { get; init; } = "";

    [Field(Qualifier.DynamicRO, Column = "memory__overhead", HasDefault = true)]
    public long memory_overhead { get; init; }

    [Field(Qualifier.DynamicRO, Persistent = false, HasDefault = true)]
    public ImmutableArray<host_allowed_operations> allowed_operations { get; init; } = [];

    [Field(Qualifier.DynamicRO, Persistent = false, HasDefault = true)]
    public ImmutableSortedDictionary<string, host_allowed_operations> current_operations { get; init; } = ImmutableSortedDictionary<string, host_allowed_operations>.Empty;

    [Field(Qualifier.DynamicRO, Column = "API_version__major")]
    public long API_version_major { get; init; }

    [Field(Qualifier.DynamicRO, Column = "API_version__minor")]
    public long API_version_minor { get; init; }

    [Field(Qualifier.DynamicRO, Column = "API_version__vendor")]
    public string API_version_vendor { get; init; } = "";

    [Field(Qualifier.DynamicRO, Column = "API_version__vendor_implementation")]
    public ImmutableSortedDictionary<string, string> API_version_vendor_implementation { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO)]
    public bool enabled { get; init; }

    [Field(Qualifier.StaticRO)]
    public ImmutableSortedDictionary<string, string> software_version { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.RW, GuardedKeys = ["folder:vm-operator", "XenCenter.CustomFields.*:vm-operator"])]
    public ImmutableSortedDictionary<string, string> other_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.StaticRO)]
    public ImmutableArray<string> capabilities { get; init; } = [];

    [Field(Qualifier.DynamicRO)]
    public ImmutableSortedDictionary<string, string> cpu_configuration { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO)]
    public string sched_policy { get; init; } = "";

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<string> supported_bootloaders { get; init; } = [];

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<VM>> resident_VMs { get; init; } = [];

    [Field(Qualifier.RW)]
    public ImmutableSortedDictionary<string, string> logging { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<PIF>> PIFs { get; init; } = [];

    [Field(Qualifier.RW)]
    public Ref<SR> suspend_image_sr { get; init; } = Ref<SR>.Null;

    [Field(Qualifier.RW)]
    public Ref<SR> crash_dump_sr { get; init; } = Ref<SR>.Null;

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<host_crashdump>> crashdumps { get; init; } = [];

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<host_patch>> patches { get; init; } = [];

    [Field(Qualifier.DynamicRO, Peer = "pool_update.hosts")]
    public ImmutableArray<Ref<pool_update>> updates { get; init; } = [];

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<PBD>> PBDs { get; init; } = [];

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<host_cpu>> host_CPUs { get; init; } = [];

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public ImmutableSortedDictionary<string, string> cpu_info { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.RW)]
    public string hostname { get; init; } = "";

    [Field(Qualifier.RW)]
    public string address { get; init; } = "";

    [Field(Qualifier.DynamicRO)]
    public Ref<host_metrics> metrics { get; init; } = Ref<host_metrics>.Null;

    [Field(Qualifier.DynamicRO)]
    public ImmutableSortedDictionary<string, string> license_params { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public ImmutableArray<string> ha_statefiles { get; init; } = [];

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public ImmutableArray<string> ha_network_peers { get; init; } = [];

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public ImmutableSortedDictionary<string, Ref<blob>> blobs { get; init; } = ImmutableSortedDictionary<string, Ref<blob>>.Empty;

    [Field(Qualifier.RW, HasDefault = true, Writer = Role.VmOperator)]
    public ImmutableArray<string> tags { get; init; } = [];

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public string external_auth_type { get; init; } = "";

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public string external_auth_service_name { get; init; } = "";

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public ImmutableSortedDictionary<string, string> external_auth_configuration { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public string edition { get; init; } = "";

    [Field(Qualifier.RW, HasDefault = true)]
    public ImmutableSortedDictionary<string, string> license_server { get; init; } = ImmutableSortedDictionary<string, string>.Empty.Add("address", "localhost").Add("port", "27000");

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public ImmutableSortedDictionary<string, string> bios_strings { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public string power_on_mode { get; init; } = "";

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public ImmutableSortedDictionary<string, string> power_on_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public Ref<SR> local_cache_sr { get; init; } = Ref<SR>.Null;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public ImmutableSortedDictionary<string, string> chipset_info { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<PCI>> PCIs { get; init; } = [];

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<PGPU>> PGPUs { get; init; } = [];

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<PUSB>> PUSBs { get; init; } = [];

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public bool ssl_legacy { get; init; } = true;

    [Field(Qualifier.RW, HasDefault = true)]
    public ImmutableSortedDictionary<string, string> guest_VCPUs_params { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.RW, HasDefault = true)]
    public host_display display { get; init; } = host_display.enabled;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public ImmutableArray<long> virtual_hardware_platform_versions { get; init; } = [0];

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public Ref<VM> control_domain { get; init; } = Ref<VM>.Null;

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<pool_update>> updates_requiring_reboot { get; init; } = [];

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<Feature>> features { get; init; } = [];

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public string iscsi_iqn { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public bool multipathing { get; init; }

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public string uefi_certificates { get; init; } = "";

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<Certificate>> certificates { get; init; } = [];

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public ImmutableArray<string> editions { get; init; } = [];

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public ImmutableArray<update_guidances> pending_guidances { get; init; } = [];

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public bool tls_verification_enabled { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public DateTimeOffset last_software_update { get; init; } = DateTimeOffset.UnixEpoch;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public bool https_only { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public latest_synced_updates_applied_state latest_synced_updates_applied { get; init; } = latest_synced_updates_applied_state.unknown;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public host_numa_affinity_policy numa_affinity_policy { get; init; } = host_numa_affinity_policy.default_policy;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public ImmutableArray<update_guidances> pending_guidances_recommended { get; init; } = [];

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public ImmutableArray<update_guidances> pending_guidances_full { get; init; } = [];

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public string last_update_hash { get; init; } = "";
}
