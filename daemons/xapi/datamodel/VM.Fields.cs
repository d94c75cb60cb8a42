using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>A virtual machine, a template or a snapshot of one.</summary>
[XenClass("VM", Constructor = true, ConstructorRole = Role.VmAdmin)]
public sealed partial record VM : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.DynamicRO, Persistent = false, HasDefault = true)]
    public ImmutableArray<vm_operations> allowed_operations { get; init; } = [];

    [Field(Qualifier.DynamicRO, Persistent = false, HasDefault = true)]
    public ImmutableSortedDictionary<string, vm_operations> current_operations { get; init; } = ImmutableSortedDictionary<string, vm_operations>.Empty;

    [Field(Qualifier.RW, Column = "name__label", HasDefault = true, Writer = Role.VmAdmin)]
    public string name_label { get; init; } = "";

    [Field(Qualifier.RW, Column = "name__description", HasDefault = true, Writer = Role.VmAdmin)]
    public string name_description { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public vm_power_state power_state { get; init; } = vm_power_state.Halted;

    [Field(Qualifier.RW, Writer = Role.VmAdmin)]
    public long user_version { get; init; }

    [Field(Qualifier.RW, Writer = Role.VmAdmin)]
    public bool is_a_template { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public bool is_default_template { get; init; }

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public Ref<VDI> suspend_VDI { get; init; } = Ref<VDI>.Null;

    [Field(Qualifier.DynamicRO, Inverse = "host.resident_VMs")]
    public Ref<host> resident_on { get; init; } = Ref<host>.Null;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public Ref<host> scheduled_to_be_resident_on { get; init; } = Ref<host>.Null;

    [Field(Qualifier.RW, Writer = Role.VmPowerAdmin)]
    public Ref<host> affinity { get; init; } = Ref<host>.Null;

    [Field(Qualifier.DynamicRO, Column = "memory__overhead", HasDefault = true)]
    public long memory_overhead { get; init; }

    [Field(Qualifier.StaticRO, Column = "memory__target", HasDefault = true)]
    public long memory_target { get; init; }

    [Field(Qualifier.StaticRO, Column = "memory__static_max")]
    public long memory_static_max { get; init; }

    [Field(Qualifier.StaticRO, Column = "memory__dynamic_max")]
    public long memory_dynamic_max { get; init; }

    [Field(Qualifier.StaticRO, Column = "memory__dynamic_min")]
    public long memory_dynamic_min { get; init; }

    [Field(Qualifier.StaticRO, Column = "memory__static_min")]
    public long memory_static_min { get; init; }

    [Field(Qualifier.RW, Column = "VCPUs__params", Writer = Role.VmAdmin)]
    public ImmutableSortedDictionary<string, string> VCPUs_params { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.StaticRO, Column = "VCPUs__max")]
    public long VCPUs_max { get; init; }

    [Field(Qualifier.StaticRO, Column = "VCPUs__at_startup")]
    public long VCPUs_at_startup { get; init; }

    [Field(Qualifier.RW, Column = "actions__after_softreboot", HasDefault = true, Writer = Role.VmAdmin)]
    public on_softreboot_behavior actions_after_softreboot { get; init; } = on_softreboot_behavior.soft_reboot;

    [Field(Qualifier.RW, Column = "actions__after_shutdown", Writer = Role.VmAdmin)]
    public on_normal_exit actions_after_shutdown { get; init; }

    [Field(Qualifier.RW, Column = "actions__after_reboot", Writer = Role.VmAdmin)]
    public on_normal_exit actions_after_reboot { get; init; }

    [Field(Qualifier.StaticRO, Column = "actions__after_crash")]
    public on_crash_behaviour actions_after_crash { get; init; }

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<console>> consoles { get; init; } = [];

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<VIF>> VIFs { get; init; } = [];

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<VBD>> VBDs { get; init; } = [];

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<VUSB>> VUSBs { get; init; } = [];

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<crashdump>> crash_dumps { get; init; } = [];

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<VTPM>> VTPMs { get; init; } = [];

    [Field(Qualifier.RW, Column = "PV__bootloader", Writer = Role.VmAdmin)]
    public string PV_bootloader { get; init; } = "";

    [Field(Qualifier.RW, Column = "PV__kernel", Writer = Role.VmAdmin)]
    public string PV_kernel { get; init; } = "";

    [Field(Qualifier.RW, Column = "PV__ramdisk", Writer = Role.VmAdmin)]
    public string PV_ramdisk { get; init; } = "";

    [Field(Qualifier.RW, Column = "PV__args", Writer = Role.VmAdmin)]
    public string PV_args { get; init; } = "";

    [Field(Qualifier.RW, Column = "PV__bootloader_args", Writer = Role.VmAdmin)]
    public string PV_bootloader_args { get; init; } = "";

    [Field(Qualifier.RW, Column = "PV__legacy_args", Writer = Role.VmAdmin)]
    public string PV_legacy_args { get; init; } = "";

    [Field(Qualifier.StaticRO, Column = "HVM__boot_policy")]
    public string HVM_boot_policy { get; init; } = "";

    [Field(Qualifier.RW, Column = "HVM__boot_params", Writer = Role.VmAdmin)]
    public ImmutableSortedDictionary<string, string> HVM_boot_params { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.StaticRO, Column = "HVM__shadow_multiplier", HasDefault = true)]
    public double HVM_shadow_multiplier { get; init; } = 1.0;

    [Field(Qualifier.RW, Writer = Role.VmAdmin)]
    public ImmutableSortedDictionary<string, string> platform { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.RW, Writer = Role.VmAdmin)]
    public string PCI_bus { get; init; } = "";

    [Field(Qualifier.RW, Writer = Role.VmAdmin, GuardedKeys = ["pci:pool-admin", "folder:vm-operator", "XenCenter.CustomFields.*:vm-operator"])]
    public ImmutableSortedDictionary<string, string> other_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO)]
    public long domid { get; init; }

    [Field(Qualifier.DynamicRO)]
    public string domarch { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public ImmutableSortedDictionary<string, string> last_boot_CPU_flags { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO)]
    public bool is_control_domain { get; init; }

    [Field(Qualifier.DynamicRO)]
    public Ref<VM_metrics> metrics { get; init; } = Ref<VM_metrics>.Null;

    [Field(Qualifier.DynamicRO)]
    public Ref<VM_guest_metrics> guest_metrics { get; init; } = Ref<VM_guest_metrics>.Null;

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public string last_booted_record { get; init; } = "";

    [Field(Qualifier.RW, Writer = Role.VmAdmin)]
    public string recommendations { get; init; } = "";

    [Field(Qualifier.RW, HasDefault = true, Writer = Role.VmAdmin)]
    public ImmutableSortedDictionary<string, string> xenstore_data { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public bool ha_always_run { get; init; }

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public string ha_restart_priority { get; init; } = "";

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public bool is_a_snapshot { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true, Inverse = "VM.snapshots")]
    public Ref<VM> snapshot_of { get; init; } = Ref<VM>.Null;

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<VM>> snapshots { get; init; } = [];

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public DateTimeOffset snapshot_time { get; init; } = DateTimeOffset.UnixEpoch;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public string transportable_snapshot_id { get; init; } = "";

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public ImmutableSortedDictionary<string, Ref<blob>> blobs { get; init; } = ImmutableSortedDictionary<string, Ref<blob>>.Empty;

    [Field(Qualifier.RW, HasDefault = true, Writer = Role.VmOperator)]
    public ImmutableArray<string> tags { get; init; } = [];

    [Field(Qualifier.RW, HasDefault = true, Writer = Role.VmAdmin)]
    public ImmutableSortedDictionary<vm_operations, string> blocked_operations { get; init; } = ImmutableSortedDictionary<vm_operations, string>.Empty;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public ImmutableSortedDictionary<string, string> snapshot_info { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public string snapshot_metadata { get; init; } = "";

    [Field(Qualifier.DynamicRO, HasDefault = true, Inverse = "VM.children")]
    public Ref<VM> parent { get; init; } = Ref<VM>.Null;

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<VM>> children { get; init; } = [];

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public ImmutableSortedDictionary<string, string> bios_strings { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.StaticRO, HasDefault = true, Inverse = "VMPP.VMs")]
    public Ref<VMPP> protection_policy { get; init; } = Ref<VMPP>.Null;

    [Field(Qualifier.StaticRO, HasDefault = true, Removed = true)]
    public bool is_snapshot_from_vmpp { get; init; }

    [Field(Qualifier.StaticRO, HasDefault = true, Inverse = "VMSS.VMs")]
    public Ref<VMSS> snapshot_schedule { get; init; } = Ref<VMSS>.Null;

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public bool is_vmss_snapshot { get; init; }

    [Field(Qualifier.StaticRO, HasDefault = true, Inverse = "VM_appliance.VMs")]
    public Ref<VM_appliance> appliance { get; init; } = Ref<VM_appliance>.Null;

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public long start_delay { get; init; }

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public long shutdown_delay { get; init; }

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public long order { get; init; }

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<VGPU>> VGPUs { get; init; } = [];

    [Field(Qualifier.DynamicRO, Peer = "PCI.attached_VMs")]
    public ImmutableArray<Ref<PCI>> attached_PCIs { get; init; } = [];

    [Field(Qualifier.RW, HasDefault = true, Writer = Role.VmAdmin)]
    public Ref<SR> suspend_SR { get; init; } = Ref<SR>.Null;

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public long version { get; init; }

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public string generation_id { get; init; } = "0:0";

    [Field(Qualifier.RW, HasDefault = true, Writer = Role.VmAdmin)]
    public long hardware_platform_version { get; init; }

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public bool has_vendor_device { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public bool requires_reboot { get; init; }

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public string reference_label { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public domain_type domain_type { get; init; } = domain_type.unspecified;

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public ImmutableSortedDictionary<string, string> NVRAM { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public ImmutableArray<update_guidances> pending_guidances { get; init; } = [];

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public ImmutableArray<update_guidances> pending_guidances_recommended { get; init; } = [];

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public ImmutableArray<update_guidances> pending_guidances_full { get; init; } = [];

    [Field(Qualifier.RW, HasDefault = true, Writer = Role.VmAdmin, Peer = "VM_group.VMs")]
    public ImmutableArray<Ref<VM_group>> groups { get; init; } = [];
}
