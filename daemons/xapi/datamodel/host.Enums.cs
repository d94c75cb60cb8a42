using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>Operations of a host.</summary>
[WireType]
public enum host_allowed_operations
{
    provision,
    evacuate,
    shutdown,
    reboot,
    power_on,
    vm_start,
    vm_resume,
    vm_migrate,
    apply_updates,
    enable,
}

/// <summary>Whether the latest synchronised updates are applied.</summary>
[WireType]
public enum latest_synced_updates_applied_state
{
    yes,
    no,
    unknown,
}

/// <summary>What has to be done before an update takes effect.</summary>
[WireType]
public enum update_guidances
{
    reboot_host,
    reboot_host_on_livepatch_failure,
    reboot_host_on_kernel_livepatch_failure,
    reboot_host_on_xen_livepatch_failure,
    restart_toolstack,
    restart_device_model,
    restart_vm,
}

/// <summary>State of the local display.</summary>
[WireType]
public enum host_display
{
    enabled,
    disable_on_reboot,
    disabled,
    enable_on_reboot,
}

/// <summary>Granularity at which the scheduler places vCPUs.</summary>
[WireType]
public enum host_sched_gran
{
    core,
    cpu,
    socket,
}

/// <summary>How domains are placed on NUMA nodes.</summary>
[WireType]
public enum host_numa_affinity_policy
{
    any,
    best_effort,
    default_policy,
}
