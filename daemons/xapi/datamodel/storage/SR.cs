using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>A storage repository: where virtual disks are kept.</summary>
[XenClass("SR")]
public sealed partial record SR : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.StaticRO, Column = "name__label", HasDefault = true)]
    public string name_label { get; init; } = "";

    [Field(Qualifier.StaticRO, Column = "name__description", HasDefault = true)]
    public string name_description { get; init; } = "";

    [Field(Qualifier.DynamicRO, Persistent = false, HasDefault = true)]
    public ImmutableArray<storage_operations> allowed_operations { get; init; } = [];

    [Field(Qualifier.DynamicRO, Persistent = false, HasDefault = true)]
    public ImmutableSortedDictionary<string, storage_operations> current_operations { get; init; } = ImmutableSortedDictionary<string, storage_operations>.Empty;

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<VDI>> VDIs { get; init; } = [];

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<PBD>> PBDs { get; init; } = [];

    [Field(Qualifier.DynamicRO)]
    public long virtual_allocation { get; init; }

    [Field(Qualifier.DynamicRO)]
    public long physical_utilisation { get; init; }

    [Field(Qualifier.StaticRO)]
    public long physical_size { get; init; }

    [Field(Qualifier.StaticRO)]
    public string type { get; init; } = "";

    [Field(Qualifier.StaticRO)]
    public string content_type { get; init; } = "";

    [Field(Qualifier.DynamicRO)]
    public bool shared { get; init; }

    [Field(Qualifier.RW, GuardedKeys = ["folder:vm-operator", "XenCenter.CustomFields.*:vm-operator"])]
    public ImmutableSortedDictionary<string, string> other_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.RW, HasDefault = true, Writer = Role.VmOperator)]
    public ImmutableArray<string> tags { get; init; } = [];

    [Field(Qualifier.RW, HasDefault = true)]
    public ImmutableSortedDictionary<string, string> sm_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public ImmutableSortedDictionary<string, Ref<blob>> blobs { get; init; } = ImmutableSortedDictionary<string, Ref<blob>>.Empty;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public bool local_cache_enabled { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true, Inverse = "DR_task.introduced_SRs")]
    public Ref<DR_task> introduced_by { get; init; } = Ref<DR_task>.Null;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public bool clustered { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public bool is_tools_sr { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true, Internal = true)]
    public bool default_vdi_visibility { get; init; } = true;
}

/// <summary>Operations of a storage repository.</summary>
[WireType]
public enum storage_operations
{
    scan,
    destroy,
    forget,
    plug,
    unplug,
    update,
    vdi_create,
    vdi_introduce,
    vdi_destroy,
    vdi_resize,
    vdi_clone,
    vdi_snapshot,
    vdi_mirror,
    vdi_enable_cbt,
    vdi_disable_cbt,
    vdi_data_destroy,
    vdi_list_changed_blocks,
    vdi_set_on_boot,
    pbd_create,
    pbd_destroy,
}

/// <summary>The explicit messages of SR, with the policy of each.</summary>
[MessagesOf(typeof(SR))]
public interface ISRMessages
{
    [Message(Role.PoolOperator)]
    Task forget_data_source_archives(Call call, Ref<SR> sr, string data_source);

    [Message(Role.ReadOnly)]
    Task<double> query_data_source(Call call, Ref<SR> sr, string data_source);

    [Message(Role.PoolOperator)]
    Task record_data_source(Call call, Ref<SR> sr, string data_source);

    [Message(Role.ReadOnly)]
    Task<ImmutableArray<data_source>> get_data_sources(Call call, Ref<SR> sr);

    [Message(Role.PoolOperator, Async = true)]
    Task disable_database_replication(Call call, Ref<SR> sr);

    [Message(Role.PoolOperator, Async = true)]
    Task enable_database_replication(Call call, Ref<SR> sr);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.StorageHost)]
    Task assert_supports_database_replication(Call call, Ref<SR> sr);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.StorageHost)]
    Task assert_can_host_ha_statefile(Call call, Ref<SR> sr);

    [Message(Role.PoolOperator)]
    Task set_physical_size(Call call, Ref<SR> self, long value);

    [Message(Role.PoolOperator, Async = true)]
    Task<Ref<blob>> create_new_blob(Call call, Ref<SR> sr, string name, string mime_type, bool @public = false);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.StorageHost)]
    Task set_name_description(Call call, Ref<SR> sr, string value);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.StorageHost)]
    Task set_name_label(Call call, Ref<SR> sr, string value);

    [Message(Role.PoolOperator, Async = true)]
    Task set_shared(Call call, Ref<SR> sr, bool value);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ArgumentHost, "host")]
    Task<ImmutableArray<probe_result>> probe_ext(
        Call call, Ref<host> host, ImmutableSortedDictionary<string, string> device_config, string type,
        ImmutableSortedDictionary<string, string>? sm_config = null);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ArgumentHost, "host")]
    Task<string> probe(
        Call call, Ref<host> host, ImmutableSortedDictionary<string, string> device_config, string type,
        ImmutableSortedDictionary<string, string>? sm_config = null);

    [Message(Role.VmPowerAdmin, Async = true), RunsOn(Where.StorageHost), Locks("scan")]
    Task scan(Call call, Ref<SR> sr);

    [Message(Role.ReadOnly)]
    Task<ImmutableArray<string>> get_supported_types(Call call);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.StorageHost), Locks("update")]
    Task update(Call call, Ref<SR> sr);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.StorageHost), Locks("forget"), Raises("SR_HAS_PBD")]
    Task forget(Call call, Ref<SR> sr);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.StorageHost), Locks("destroy"), Raises("SR_HAS_PBD")]
    Task destroy(Call call, Ref<SR> sr);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ArgumentHost, "host")]
    Task<string> make(
        Call call, Ref<host> host, ImmutableSortedDictionary<string, string> device_config, long physical_size, string name_label,
        string name_description, string type, string content_type, ImmutableSortedDictionary<string, string>? sm_config = null);

    [Message(Role.PoolOperator, Async = true)]
    Task<Ref<SR>> introduce(
        Call call, string uuid, string name_label, string name_description, string type, string content_type, bool shared,
        ImmutableSortedDictionary<string, string>? sm_config = null);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ArgumentHost, "host"), Raises("SR_UNKNOWN_DRIVER")]
    Task<Ref<SR>> create(
        Call call, Ref<host> host, ImmutableSortedDictionary<string, string> device_config, long physical_size, string name_label,
        string name_description, string type, string content_type, bool shared, ImmutableSortedDictionary<string, string>? sm_config = null);
}
