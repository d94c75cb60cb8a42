using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>The power states of a VM.</summary>
[WireType]
public enum vm_power_state
{
    Halted,
    Paused,
    Running,
    Suspended,
}

/// <summary>What happens to a domain that soft-reboots.</summary>
[WireType]
public enum on_softreboot_behavior
{
    soft_reboot,
    destroy,
    restart,
    preserve,
}

/// <summary>What happens to a domain that shuts down or reboots by itself.</summary>
[WireType]
public enum on_normal_exit
{
    destroy,
    restart,
}

/// <summary>Operations of a VM, as in allowed_operations and current_operations.</summary>
[WireType]
public enum vm_operations
{
    snapshot,
    clone,
    copy,
    create_template,
    revert,
    checkpoint,
    snapshot_with_quiesce,
    provision,
    start,
    start_on,
    pause,
    unpause,
    clean_shutdown,
    clean_reboot,
    hard_shutdown,
    power_state_reset,
    hard_reboot,
    suspend,
    csvm,
    resume,
    resume_on,
    pool_migrate,
    migrate_send,
    get_boot_record,
    send_sysrq,
    send_trigger,
    query_services,
    shutdown,
    call_plugin,
    changing_memory_live,
    awaiting_memory_live,
    changing_dynamic_range,
    changing_static_range,
    changing_memory_limits,
    changing_shadow_memory,
    changing_shadow_memory_live,
    changing_VCPUs,
    changing_VCPUs_live,
    changing_NVRAM,
    assert_operation_valid,
    data_source_op,
    update_allowed_operations,
    make_into_template,
    import,
    export,
    metadata_export,
    reverting,
    destroy,
    create_vtpm,
}

/// <summary>What happens to a domain that crashes.</summary>
[WireType]
public enum on_crash_behaviour
{
    destroy,
    coredump_and_destroy,
    restart,
    coredump_and_restart,
    preserve,
    rename_restart,
}

/// <summary>How a domain is virtualised.</summary>
[WireType]
public enum domain_type
{
    hvm,
    pv,
    pv_in_pvh,
    pvh,
    unspecified,
}
