using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>A virtual disk image.</summary>
[XenClass("VDI", Constructor = true, ConstructorRole = Role.VmAdmin)]
public sealed partial record VDI : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.StaticRO, Column = "name__label", HasDefault = true)]
    public string name_label { get; init; } = "";

    [Field(Qualifier.StaticRO, Column = "name__description", HasDefault = true)]
    public string name_description { get; init; } = "";

    [Field(Qualifier.DynamicRO, Persistent = false, HasDefault = true)]
    public ImmutableArray<vdi_operations> allowed_operations { get; init; } = [];

    [Field(Qualifier.DynamicRO, Persistent = false, HasDefault = true)]
    public ImmutableSortedDictionary<string, vdi_operations> current_operations { get; init; } = ImmutableSortedDictionary<string, vdi_operations>.Empty;

    [Field(Qualifier.StaticRO, Inverse = "SR.VDIs")]
    public Ref<SR> SR { get; init; } = Ref<SR>.Null;

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<VBD>> VBDs { get; init; } = [];

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<crashdump>> crash_dumps { get; init; } = [];

    [Field(Qualifier.StaticRO)]
    public long virtual_size { get; init; }

    [Field(Qualifier.DynamicRO)]
    public long physical_utilisation { get; init; }

    [Field(Qualifier.StaticRO)]
    public vdi_type type { get; init; }

    [Field(Qualifier.StaticRO)]
    public bool sharable { get; init; }

    [Field(Qualifier.StaticRO)]
    public bool read_only { get; init; }

    [Field(Qualifier.RW, Writer = Role.VmAdmin, GuardedKeys = ["folder:vm-operator", "XenCenter.CustomFields.*:vm-operator"])]
    public ImmutableSortedDictionary<string, string> other_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO)]
    public bool storage_lock { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public string location { get; init; } = "";

    [Field(Qualifier.DynamicRO)]
    public bool managed { get; init; }

    [Field(Qualifier.DynamicRO)]
    public bool missing { get; init; }

    [Field(Qualifier.DynamicRO)]
    public Ref<VDI> parent { get; init; } = Ref<VDI>.Null;

    [Field(Qualifier.RW, HasDefault = true, Writer = Role.VmAdmin)]
    public ImmutableSortedDictionary<string, string> xenstore_data { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.RW, HasDefault = true, Writer = Role.VmAdmin)]
    public ImmutableSortedDictionary<string, string> sm_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public bool is_a_snapshot { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true, Inverse = "VDI.snapshots")]
    public Ref<VDI> snapshot_of { get; init; } = Ref<VDI>.Null;

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<VDI>> snapshots { get; init; } = [];

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public DateTimeOffset snapshot_time { get; init; } = DateTimeOffset.UnixEpoch;

    [Field(Qualifier.RW, HasDefault = true, Writer = Role.VmOperator)]
    public ImmutableArray<string> tags { get; init; } = [];

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public bool allow_caching { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public on_boot on_boot { get; init; } = on_boot.persist;

    [Field(Qualifier.DynamicRO, HasDefault = true, Inverse = "pool.metadata_VDIs")]
    public Ref<pool> metadata_of_pool { get; init; } = Ref<pool>.Null;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public bool metadata_latest { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public bool is_tools_iso { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public bool cbt_enabled { get; init; }
}

/// <summary>Operations of a VDI.</summary>
[WireType]
public enum vdi_operations
{
    clone,
    copy,
    resize,
    resize_online,
    snapshot,
    mirror,
    destroy,
    forget,
    update,
    force_unlock,
    generate_config,
    enable_cbt,
    disable_cbt,
    data_destroy,
    list_changed_blocks,
    set_on_boot,
    blocked,
}

/// <summary>What a VDI is for.</summary>
[WireType]
public enum vdi_type
{
    system,
    user,
    ephemeral,
    suspend,
    crashdump,
    ha_statefile,
    metadata,
    redo_log,
    rrd,
    pvs_cache,
    cbt_metadata,
}

/// <summary>Whether a VDI keeps what was written when its VM boots again.</summary>
[WireType]
public enum on_boot
{
    reset,
    persist,
}

/// <summary>The explicit messages of VDI, with the policy of each.</summary>
[MessagesOf(typeof(VDI))]
public interface IVDIMessages
{
    [Message(Role.VmAdmin, Async = true), RunsOn(Where.StorageHost), Locks("vdi_create", Of = "SR")]
    Task<Ref<VDI>> create(Call call, VDI args);

    [Message(Role.VmAdmin, Async = true), RunsOn(Where.StorageHost), Locks("vdi_destroy", Of = "SR"), Locks("destroy")]
    Task destroy(Call call, Ref<VDI> self);

    [Message(Role.VmAdmin), Raises("VDI_INCOMPATIBLE_TYPE")]
    Task<ImmutableArray<vdi_nbd_server_info>> get_nbd_info(Call call, Ref<VDI> self);

    [Message(Role.VmOperator, Async = true), RunsOn(Where.StorageHost), Locks("vdi_list_changed_blocks", "vdi_to", Of = "SR")]
    [Locks("list_changed_blocks", "vdi_to"), Raises("SR_OPERATION_NOT_SUPPORTED", "VDI_MISSING", "SR_NOT_ATTACHED", "SR_HAS_NO_PBDS", "VDI_IN_USE")]
    Task<string> list_changed_blocks(Call call, Ref<VDI> vdi_from, Ref<VDI> vdi_to);

    [Message(Role.VmAdmin, Async = true), RunsOn(Where.StorageHost), Locks("vdi_data_destroy", Of = "SR"), Locks("data_destroy")]
    [Raises("SR_OPERATION_NOT_SUPPORTED", "VDI_MISSING", "SR_NOT_ATTACHED", "SR_HAS_NO_PBDS", "OPERATION_NOT_ALLOWED", "VDI_INCOMPATIBLE_TYPE", "VDI_NO_CBT_METADATA", "VDI_IN_USE", "VDI_IS_A_PHYSICAL_DEVICE")]
    Task data_destroy(Call call, Ref<VDI> self);

    [Message(Role.VmAdmin, Async = true), RunsOn(Where.StorageHost), Locks("vdi_disable_cbt", Of = "SR"), Locks("disable_cbt")]
    [Raises("SR_OPERATION_NOT_SUPPORTED", "VDI_MISSING", "SR_NOT_ATTACHED", "SR_HAS_NO_PBDS", "OPERATION_NOT_ALLOWED", "VDI_INCOMPATIBLE_TYPE", "VDI_ON_BOOT_MODE_INCOMPATIBLE_WITH_OPERATION")]
    Task disable_cbt(Call call, Ref<VDI> self);

    [Message(Role.VmAdmin, Async = true), RunsOn(Where.StorageHost), Locks("vdi_enable_cbt", Of = "SR"), Locks("enable_cbt")]
    [Raises("SR_OPERATION_NOT_SUPPORTED", "VDI_MISSING", "SR_NOT_ATTACHED", "SR_HAS_NO_PBDS", "OPERATION_NOT_ALLOWED", "VDI_INCOMPATIBLE_TYPE", "VDI_ON_BOOT_MODE_INCOMPATIBLE_WITH_OPERATION")]
    Task enable_cbt(Call call, Ref<VDI> self);

    [Message(Role.VmPowerAdmin, Async = true), RunsOn(Where.StorageHost), Locks("mirror")]
    Task<Ref<VDI>> pool_migrate(Call call, Ref<VDI> vdi, Ref<SR> sr, ImmutableSortedDictionary<string, string> options);

    [Message(Role.ReadOnly, Async = true)]
    Task<string> read_database_pool_uuid(Call call, Ref<VDI> self);

    [Message(Role.PoolOperator, Async = true)]
    Task<Ref<session>> open_database(Call call, Ref<VDI> self);

    [Message(Role.VmAdmin, Async = true)]
    Task set_allow_caching(Call call, Ref<VDI> self, bool value);

    [Message(Role.VmAdmin, Async = true), RunsOn(Where.StorageHost), Locks("vdi_set_on_boot", Of = "SR"), Locks("set_on_boot")]
    Task set_on_boot(Call call, Ref<VDI> self, on_boot value);

    [Message(Role.VmAdmin, Async = true), RunsOn(Where.StorageHost)]
    Task set_name_description(Call call, Ref<VDI> self, string value);

    [Message(Role.VmAdmin, Async = true), RunsOn(Where.StorageHost)]
    Task set_name_label(Call call, Ref<VDI> self, string value);

    [Message(Role.VmAdmin)]
    Task set_read_only(Call call, Ref<VDI> self, bool value);

    [Message(Role.VmAdmin)]
    Task set_sharable(Call call, Ref<VDI> self, bool value);

    [Message(Role.VmAdmin, Async = true), RunsOn(Where.StorageHost), Locks("forget")]
    Task forget(Call call, Ref<VDI> vdi);

    [Message(Role.VmAdmin, Async = true), RunsOn(Where.StorageHost), Locks("copy"), Raises("VDI_READONLY", "VDI_TOO_SMALL", "VDI_NOT_SPARSE")]
    Task<Ref<VDI>> copy(Call call, Ref<VDI> vdi, Ref<SR> sr = default, Ref<VDI> base_vdi = default, Ref<VDI> into_vdi = default);

    [Message(Role.VmAdmin, Async = true), RunsOn(Where.StorageHost), Locks("update"), Raises("SR_OPERATION_NOT_SUPPORTED")]
    Task update(Call call, Ref<VDI> vdi);

    [Message(Role.VmAdmin, Async = true), RunsOn(Where.StorageHost, "SR"), Locks("vdi_introduce", "SR"), Raises("SR_OPERATION_NOT_SUPPORTED")]
    Task<Ref<VDI>> introduce(
        Call call, string uuid, string name_label, string name_description, Ref<SR> SR, vdi_type type, bool sharable, bool read_only,
        ImmutableSortedDictionary<string, string> other_config, string location, ImmutableSortedDictionary<string, string>? xenstore_data = null,
        ImmutableSortedDictionary<string, string>? sm_config = null, bool managed = true, long virtual_size = 0, long physical_utilisation = 0,
        Ref<pool> metadata_of_pool = default, bool is_a_snapshot = false, DateTimeOffset snapshot_time = default, Ref<VDI> snapshot_of = default);

    [Message(Role.VmAdmin, Async = true, Removed = true), RunsOn(Where.StorageHost), Locks("vdi_resize", Of = "SR"), Locks("resize_online")]
    Task resize_online(Call call, Ref<VDI> vdi, long size);

    [Message(Role.VmAdmin, Async = true), RunsOn(Where.StorageHost), Locks("vdi_resize", Of = "SR"), Locks("resize")]
    Task resize(Call call, Ref<VDI> vdi, long size);

    [Message(Role.VmAdmin, Async = true), RunsOn(Where.StorageHost), Locks("vdi_clone", Of = "SR"), Locks("clone")]
    Task<Ref<VDI>> clone(Call call, Ref<VDI> vdi, ImmutableSortedDictionary<string, string>? driver_params = null);

    [Message(Role.VmAdmin, Async = true), RunsOn(Where.StorageHost), Locks("vdi_snapshot", Of = "SR"), Locks("snapshot")]
    Task<Ref<VDI>> snapshot(Call call, Ref<VDI> vdi, ImmutableSortedDictionary<string, string>? driver_params = null);
}
