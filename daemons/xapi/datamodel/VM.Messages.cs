using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>The explicit messages of VM, with the policy of each.</summary>
[MessagesOf(typeof(VM))]
public interface IVMMessages
{
    [Message(Role.VmAdmin, Async = true), Locks("destroy")]
    Task destroy(Call call, Ref<VM> self);

    [Message(Role.VmAdmin, Async = true)]
    Task<Ref<VM>> create(Call call, VM args);

    [Message(Role.VmPowerAdmin, Async = true, Also = [Role.ClientCert]), RunsOn(Where.ResidentHost)]
    [Raises("VM_BAD_POWER_STATE", "OTHER_OPERATION_IN_PROGRESS", "VM_IS_TEMPLATE", "OPERATION_NOT_ALLOWED")]
    Task restart_device_models(Call call, Ref<VM> self);

    [Message(Role.VmAdmin)]
    Task set_HVM_boot_policy(Call call, Ref<VM> self, string value);

    [Message(Role.VmAdmin)]
    Task set_domain_type(Call call, Ref<VM> self, domain_type value);

    [Message(Role.VmAdmin)]
    Task set_actions_after_crash(Call call, Ref<VM> self, on_crash_behaviour value);

    [Message(Role.PoolOperator, Async = true)]
    Task<ImmutableArray<Ref<VM>>> import(Call call, string url, Ref<SR> sr, bool full_restore, bool force);

    [Message(Role.VmAdmin)]
    Task set_has_vendor_device(Call call, Ref<VM> self, bool value);

    [Message(Role.VmOperator, Async = true), RunsOn(Where.ResidentHost), Locks("call_plugin")]
    Task<string> call_plugin(Call call, Ref<VM> vm, string plugin, string fn, ImmutableSortedDictionary<string, string> args);

    [Message(Role.PoolAdmin, Async = true), RunsOn(Where.ResidentHost), Locks("query_services")]
    Task<ImmutableSortedDictionary<string, string>> query_services(Call call, Ref<VM> self);

    [Message(Role.PoolOperator)]
    Task set_appliance(Call call, Ref<VM> self, Ref<VM_appliance> value);

    [Message(Role.VmAdmin, Async = true, Secret = true)]
    Task import_convert(
        Call call, string type, string username, string password, Ref<SR> sr, ImmutableSortedDictionary<string, string> remote_config);

    [Message(Role.ReadOnly, Async = true)]
    Task recover(Call call, Ref<VM> self, Ref<session> session_to, bool force);

    [Message(Role.ReadOnly)]
    Task<ImmutableArray<Ref<SR>>> get_SRs_required_for_recovery(Call call, Ref<VM> self, Ref<session> session_to);

    [Message(Role.ReadOnly, Async = true), Raises("VM_IS_PART_OF_AN_APPLIANCE", "VM_REQUIRES_SR")]
    Task assert_can_be_recovered(Call call, Ref<VM> self, Ref<session> session_to);

    [Message(Role.PoolOperator)]
    Task set_suspend_VDI(Call call, Ref<VM> self, Ref<VDI> value);

    [Message(Role.PoolOperator)]
    Task set_order(Call call, Ref<VM> self, long value);

    [Message(Role.PoolOperator)]
    Task set_shutdown_delay(Call call, Ref<VM> self, long value);

    [Message(Role.PoolOperator)]
    Task set_start_delay(Call call, Ref<VM> self, long value);

    [Message(Role.PoolOperator)]
    Task set_snapshot_schedule(Call call, Ref<VM> self, Ref<VMSS> value);

    [Message(Role.PoolOperator, Removed = true)]
    Task set_protection_policy(Call call, Ref<VM> self, Ref<VMPP> value);

    [Message(Role.VmAdmin, Async = true)]
    Task copy_bios_strings(Call call, Ref<VM> vm, Ref<host> host);

    [Message(Role.VmAdmin), Raises("VM_BIOS_STRINGS_ALREADY_SET", "INVALID_VALUE")]
    Task set_bios_strings(Call call, Ref<VM> self, ImmutableSortedDictionary<string, string> value);

    [Message(Role.ReadOnly, Async = true)]
    Task<ImmutableSortedDictionary<Ref<host>, ImmutableArray<string>>> retrieve_wlb_recommendations(Call call, Ref<VM> vm);

    [Message(Role.ReadOnly, Async = true)]
    Task assert_agile(Call call, Ref<VM> self);

    [Message(Role.VmPowerAdmin, Async = true)]
    Task<Ref<blob>> create_new_blob(Call call, Ref<VM> vm, string name, string mime_type, bool @public = false);

    [Message(Role.ReadOnly, Async = true)]
    [Raises("HOST_NOT_ENOUGH_FREE_MEMORY", "HOST_NOT_ENOUGH_PCPUS", "NETWORK_SRIOV_INSUFFICIENT_CAPACITY", "HOST_NOT_LIVE", "HOST_DISABLED", "HOST_CANNOT_ATTACH_NETWORK", "VM_HVM_REQUIRED", "VM_REQUIRES_GPU", "VM_REQUIRES_IOMMU", "VM_REQUIRES_NETWORK", "VM_REQUIRES_SR", "VM_REQUIRES_VGPU", "VM_HOST_INCOMPATIBLE_VERSION", "VM_HOST_INCOMPATIBLE_VIRTUAL_HARDWARE_PLATFORM_VERSION", "INVALID_VALUE", "MEMORY_CONSTRAINT_VIOLATION", "OPERATION_NOT_ALLOWED", "VALUE_NOT_SUPPORTED", "VM_INCOMPATIBLE_WITH_THIS_HOST")]
    Task assert_can_boot_here(Call call, Ref<VM> self, Ref<host> host);

    [Message(Role.ReadOnly)]
    Task<ImmutableArray<Ref<host>>> get_possible_hosts(Call call, Ref<VM> vm);

    [Message(Role.ReadOnly)]
    Task<ImmutableArray<string>> get_allowed_VIF_devices(Call call, Ref<VM> vm);

    [Message(Role.ReadOnly)]
    Task<ImmutableArray<string>> get_allowed_VBD_devices(Call call, Ref<VM> vm);

    [Message(Role.PoolAdmin)]
    Task update_allowed_operations(Call call, Ref<VM> self);

    [Message(Role.ReadOnly)]
    Task assert_operation_valid(Call call, Ref<VM> self, vm_operations op);

    [Message(Role.VmAdmin), RunsOn(Where.ResidentHost), Locks("data_source_op")]
    Task forget_data_source_archives(Call call, Ref<VM> self, string data_source);

    [Message(Role.ReadOnly), RunsOn(Where.ResidentHost), Locks("data_source_op")]
    Task<double> query_data_source(Call call, Ref<VM> self, string data_source);

    [Message(Role.VmAdmin), RunsOn(Where.ResidentHost), Locks("data_source_op")]
    Task record_data_source(Call call, Ref<VM> self, string data_source);

    [Message(Role.ReadOnly), RunsOn(Where.ResidentHost), Locks("data_source_op"), TypeText("data_source record set")]
    Task<MessageResult> get_data_sources(Call call, Ref<VM> self);

    [Message(Role.ReadOnly), Locks("get_boot_record")]
    Task<VM> get_boot_record(Call call, Ref<VM> self);

    [Message(Role.VmPowerAdmin, Async = true), Raises("LICENCE_RESTRICTION")]
    Task assert_can_migrate(
        Call call, Ref<VM> vm, ImmutableSortedDictionary<string, string> dest, bool live, ImmutableSortedDictionary<Ref<VDI>, Ref<SR>> vdi_map, ImmutableSortedDictionary<Ref<VIF>, Ref<network>> vif_map, ImmutableSortedDictionary<string, string> options, ImmutableSortedDictionary<Ref<VGPU>, Ref<GPU_group>>? vgpu_map = null);

    [Message(Role.VmPowerAdmin, Async = true), RunsOn(Where.ResidentHost), Locks("migrate_send")]
    [Raises("VM_BAD_POWER_STATE", "LICENCE_RESTRICTION")]
    Task<Ref<VM>> migrate_send(
        Call call, Ref<VM> vm, ImmutableSortedDictionary<string, string> dest, bool live, ImmutableSortedDictionary<Ref<VDI>, Ref<SR>> vdi_map, ImmutableSortedDictionary<Ref<VIF>, Ref<network>> vif_map, ImmutableSortedDictionary<string, string> options, ImmutableSortedDictionary<Ref<VGPU>, Ref<GPU_group>>? vgpu_map = null, ImmutableSortedDictionary<Ref<VDI>, string>? vdi_format_map = null);

    [Message(Role.ReadOnly, Async = true)]
    Task<long> maximise_memory(Call call, Ref<VM> self, long total, bool approximate);

    [Message(Role.PoolAdmin, Async = true), RunsOn(Where.ResidentHost), Locks("send_trigger"), Raises("VM_BAD_POWER_STATE")]
    Task send_trigger(Call call, Ref<VM> vm, string trigger);

    [Message(Role.PoolAdmin, Async = true), RunsOn(Where.ResidentHost), Locks("send_sysrq"), Raises("VM_BAD_POWER_STATE")]
    Task send_sysrq(Call call, Ref<VM> vm, string key);

    [Message(Role.VmAdmin), Locks("changing_VCPUs")]
    Task set_VCPUs_at_startup(Call call, Ref<VM> self, long value);

    [Message(Role.VmAdmin), Locks("changing_VCPUs")]
    Task set_VCPUs_max(Call call, Ref<VM> self, long value);

    [Message(Role.VmPowerAdmin, Async = true), RunsOn(Where.ResidentHost), Locks("changing_shadow_memory_live")]
    Task set_shadow_multiplier_live(Call call, Ref<VM> self, double multiplier);

    [Message(Role.VmPowerAdmin), Locks("changing_shadow_memory")]
    Task set_HVM_shadow_multiplier(Call call, Ref<VM> self, double value);

    [Message(Role.ReadOnly)]
    Task<bool> get_cooperative(Call call, Ref<VM> self);

    [Message(Role.ReadOnly, Async = true), RunsOn(Where.ResidentHost), Locks("awaiting_memory_live")]
    Task wait_memory_target_live(Call call, Ref<VM> self);

    [Message(Role.VmPowerAdmin, Async = true), RunsOn(Where.ResidentHost), Locks("changing_memory_live")]
    Task set_memory_target_live(Call call, Ref<VM> self, long target);

    [Message(Role.VmPowerAdmin, Async = true), RunsOn(Where.ResidentHost), Locks("changing_memory_limits")]
    Task set_memory(Call call, Ref<VM> self, long value);

    [Message(Role.VmPowerAdmin, Async = true), RunsOn(Where.ResidentHost), Locks("changing_memory_limits")]
    Task set_memory_limits(Call call, Ref<VM> self, long static_min, long static_max, long dynamic_min, long dynamic_max);

    [Message(Role.VmPowerAdmin, Async = true), Locks("changing_static_range")]
    Task set_memory_static_range(Call call, Ref<VM> self, long min, long max);

    [Message(Role.VmPowerAdmin), Locks("changing_static_range")]
    Task set_memory_static_min(Call call, Ref<VM> self, long value);

    [Message(Role.VmPowerAdmin), Locks("changing_static_range"), Raises("HA_OPERATION_WOULD_BREAK_FAILOVER_PLAN")]
    Task set_memory_static_max(Call call, Ref<VM> self, long value);

    [Message(Role.VmPowerAdmin, Async = true), RunsOn(Where.ResidentHost), Locks("changing_dynamic_range")]
    Task set_memory_dynamic_range(Call call, Ref<VM> self, long min, long max);

    [Message(Role.VmPowerAdmin), RunsOn(Where.ResidentHost), Locks("changing_dynamic_range")]
    Task set_memory_dynamic_min(Call call, Ref<VM> self, long value);

    [Message(Role.VmPowerAdmin), RunsOn(Where.ResidentHost), Locks("changing_dynamic_range")]
    Task set_memory_dynamic_max(Call call, Ref<VM> self, long value);

    [Message(Role.ReadOnly, Async = true)]
    Task<long> compute_memory_overhead(Call call, Ref<VM> vm);

    [Message(Role.PoolOperator)]
    Task set_ha_always_run(Call call, Ref<VM> self, bool value);

    [Message(Role.PoolOperator)]
    Task set_ha_restart_priority(Call call, Ref<VM> self, string value);

    [Message(Role.VmAdmin), Locks("changing_NVRAM")]
    Task remove_from_NVRAM(Call call, Ref<VM> self, string key);

    [Message(Role.VmAdmin), Locks("changing_NVRAM")]
    Task add_to_NVRAM(Call call, Ref<VM> self, string key, string value);

    [Message(Role.VmAdmin), Locks("changing_NVRAM")]
    Task set_NVRAM(Call call, Ref<VM> self, ImmutableSortedDictionary<string, string> value);

    [Message(Role.VmAdmin, Async = true), RunsOn(Where.ResidentHost), Locks("changing_VCPUs_live")]
    Task add_to_VCPUs_params_live(Call call, Ref<VM> self, string key, string value);

    [Message(Role.VmAdmin, Async = true), RunsOn(Where.ResidentHost), Locks("changing_VCPUs_live")]
    [Raises("OPERATION_NOT_ALLOWED", "LICENCE_RESTRICTION")]
    Task set_VCPUs_number_live(Call call, Ref<VM> self, long nvcpu);

    [Message(Role.VmPowerAdmin, Async = true, Also = [Role.ClientCert]), RunsOn(Where.ResidentHost), Locks("pool_migrate")]
    [Reserves("host", "vm_migrate")]
    [Raises("VM_BAD_POWER_STATE", "OTHER_OPERATION_IN_PROGRESS", "VM_IS_TEMPLATE", "OPERATION_NOT_ALLOWED")]
    Task pool_migrate(Call call, Ref<VM> vm, Ref<host> host, ImmutableSortedDictionary<string, string> options);

    [Message(Role.VmPowerAdmin, Async = true, Also = [Role.ClientCert]), RunsOn(Where.ArgumentHost, "host"), Locks("resume_on")]
    [Reserves("host", "vm_resume"), Raises("VM_BAD_POWER_STATE", "OPERATION_NOT_ALLOWED", "VM_IS_TEMPLATE")]
    Task resume_on(Call call, Ref<VM> vm, Ref<host> host, bool start_paused, bool force);

    [Message(Role.VmOperator, Async = true), RunsOn(Where.ElectedHost), Locks("resume")]
    [Raises("VM_BAD_POWER_STATE", "OPERATION_NOT_ALLOWED", "VM_IS_TEMPLATE")]
    Task resume(Call call, Ref<VM> vm, bool start_paused, bool force);

    [Message(Role.ClientCert, Async = true), RunsOn(Where.ResidentHost), Locks("suspend")]
    [Raises("VM_BAD_POWER_STATE", "OTHER_OPERATION_IN_PROGRESS", "OPERATION_NOT_ALLOWED", "VM_IS_TEMPLATE")]
    Task suspend(Call call, Ref<VM> vm);

    [Message(Role.VmOperator, Async = true), RunsOn(Where.ResidentHost)]
    [Locks("hard_reboot", Cancels = ["clean_shutdown", "clean_reboot", "pool_migrate", "call_plugin", "suspend"])]
    [Raises("VM_BAD_POWER_STATE", "OTHER_OPERATION_IN_PROGRESS", "OPERATION_NOT_ALLOWED", "VM_IS_TEMPLATE")]
    Task hard_reboot(Call call, Ref<VM> vm);

    [Message(Role.PoolOperator, Async = true)]
    Task power_state_reset(Call call, Ref<VM> vm);

    [Message(Role.VmOperator, Async = true), RunsOn(Where.ResidentHost)]
    [Locks("hard_shutdown", Cancels = ["clean_shutdown", "clean_reboot", "hard_reboot", "pool_migrate", "call_plugin", "shutdown", "suspend"])]
    [Raises("VM_BAD_POWER_STATE", "OTHER_OPERATION_IN_PROGRESS", "OPERATION_NOT_ALLOWED", "VM_IS_TEMPLATE")]
    Task hard_shutdown(Call call, Ref<VM> vm);

    [Message(Role.VmOperator, Async = true), RunsOn(Where.ResidentHost), Locks("clean_reboot")]
    [Raises("VM_BAD_POWER_STATE", "OTHER_OPERATION_IN_PROGRESS", "OPERATION_NOT_ALLOWED", "VM_IS_TEMPLATE")]
    Task clean_reboot(Call call, Ref<VM> vm);

    [Message(Role.ClientCert, Async = true), RunsOn(Where.ResidentHost), Locks("shutdown")]
    [Raises("VM_BAD_POWER_STATE", "OTHER_OPERATION_IN_PROGRESS", "OPERATION_NOT_ALLOWED", "VM_IS_TEMPLATE")]
    Task shutdown(Call call, Ref<VM> vm);

    [Message(Role.VmOperator, Async = true), RunsOn(Where.ResidentHost), Locks("clean_shutdown")]
    [Raises("VM_BAD_POWER_STATE", "OTHER_OPERATION_IN_PROGRESS", "OPERATION_NOT_ALLOWED", "VM_IS_TEMPLATE")]
    Task clean_shutdown(Call call, Ref<VM> vm);

    [Message(Role.VmOperator, Async = true), RunsOn(Where.ResidentHost), Locks("unpause")]
    [Raises("VM_BAD_POWER_STATE", "OPERATION_NOT_ALLOWED", "VM_IS_TEMPLATE")]
    Task unpause(Call call, Ref<VM> vm);

    [Message(Role.VmOperator, Async = true), RunsOn(Where.ResidentHost), Locks("pause")]
    [Raises("VM_BAD_POWER_STATE", "OTHER_OPERATION_IN_PROGRESS", "OPERATION_NOT_ALLOWED", "VM_IS_TEMPLATE")]
    Task pause(Call call, Ref<VM> vm);

    [Message(Role.VmPowerAdmin, Async = true, Also = [Role.ClientCert]), RunsOn(Where.ArgumentHost, "host"), Locks("start_on")]
    [Reserves("host", "vm_start")]
    [Raises("VM_BAD_POWER_STATE", "VM_IS_TEMPLATE", "OTHER_OPERATION_IN_PROGRESS", "OPERATION_NOT_ALLOWED", "BOOTLOADER_FAILED", "UNKNOWN_BOOTLOADER")]
    Task start_on(Call call, Ref<VM> vm, Ref<host> host, bool start_paused, bool force);

    [Message(Role.VmOperator, Async = true), RunsOn(Where.ElectedHost), Locks("start")]
    [Raises("VM_BAD_POWER_STATE", "VM_HVM_REQUIRED", "VM_IS_TEMPLATE", "OTHER_OPERATION_IN_PROGRESS", "OPERATION_NOT_ALLOWED", "BOOTLOADER_FAILED", "UNKNOWN_BOOTLOADER", "NO_HOSTS_AVAILABLE", "LICENCE_RESTRICTION")]
    Task start(Call call, Ref<VM> vm, bool start_paused, bool force);

    [Message(Role.VmAdmin, Async = true), RunsOn(Where.AnyHostOfStorage), Locks("provision")]
    [Raises("VM_BAD_POWER_STATE", "SR_FULL", "OPERATION_NOT_ALLOWED", "LICENCE_RESTRICTION")]
    Task provision(Call call, Ref<VM> vm);

    [Message(Role.VmPowerAdmin, Async = true), RunsOn(Where.ResidentHost), Locks("checkpoint")]
    [Raises("VM_BAD_POWER_STATE", "SR_FULL", "OPERATION_NOT_ALLOWED", "VM_CHECKPOINT_SUSPEND_FAILED", "VM_CHECKPOINT_RESUME_FAILED")]
    Task<Ref<VM>> checkpoint(Call call, Ref<VM> vm, string new_name);

    [Message(Role.VmPowerAdmin, Async = true), RunsOn(Where.AnyHostOfStorage), Locks("revert"), Locks("reverting", Of = "snapshot_of")]
    [Raises("VM_BAD_POWER_STATE", "OPERATION_NOT_ALLOWED", "SR_FULL", "VM_REVERT_FAILED")]
    Task revert(Call call, Ref<VM> snapshot);

    [Message(Role.VmAdmin, Async = true), Locks("copy")]
    [Raises("VM_BAD_POWER_STATE", "SR_FULL", "OPERATION_NOT_ALLOWED", "LICENCE_RESTRICTION")]
    Task<Ref<VM>> copy(Call call, Ref<VM> vm, string new_name, Ref<SR> sr);

    [Message(Role.VmAdmin, Async = true), RunsOn(Where.AnyHostOfStorage), Locks("clone")]
    [Raises("VM_BAD_POWER_STATE", "SR_FULL", "OPERATION_NOT_ALLOWED", "LICENCE_RESTRICTION")]
    Task<Ref<VM>> clone(Call call, Ref<VM> vm, string new_name);

    [Message(Role.VmPowerAdmin, Async = true, Removed = true), RunsOn(Where.AnyHostOfStorage), Locks("snapshot_with_quiesce")]
    [Raises("VM_BAD_POWER_STATE", "SR_FULL", "OPERATION_NOT_ALLOWED", "VM_SNAPSHOT_WITH_QUIESCE_FAILED", "VM_SNAPSHOT_WITH_QUIESCE_TIMEOUT", "VM_SNAPSHOT_WITH_QUIESCE_PLUGIN_DEOS_NOT_RESPOND", "VM_SNAPSHOT_WITH_QUIESCE_NOT_SUPPORTED")]
    Task<Ref<VM>> snapshot_with_quiesce(Call call, Ref<VM> vm, string new_name);

    [Message(Role.VmPowerAdmin, Async = true), RunsOn(Where.AnyHostOfStorage), Locks("snapshot")]
    [Raises("VM_BAD_POWER_STATE", "SR_FULL", "OPERATION_NOT_ALLOWED")]
    Task<Ref<VM>> snapshot(Call call, Ref<VM> vm, string new_name, ImmutableArray<Ref<VDI>> ignore_vdis = default);

    // Between the hosts of a pool only.

    [Message(Role.LocalRoot, PoolInternal = true), RunsOn(Where.ArgumentHost, "host")]
    Task pool_migrate_complete(Call call, Ref<VM> vm, Ref<host> host);

    [Message(Role.LocalRoot, PoolInternal = true)]
    Task atomic_set_resident_on(Call call, Ref<VM> vm, Ref<host> host);
}
