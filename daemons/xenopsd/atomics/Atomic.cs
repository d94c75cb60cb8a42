using System.Collections.Immutable;
using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Atomics;

/// <summary>A device of a VM: the VM's id and the device's name (VBD), number (VIF, VGPU), address (PCI) or name (VUSB).</summary>
public readonly record struct DeviceId(string Vm, string Device)
{
    public override string ToString() => $"{Vm}.{Device}";
}

/// <summary>When a rename happens: on the source before the domain is given up, or on the destination after it arrived.</summary>
public enum RenameMoment { Pre_migration, Post_migration }

/// <summary>
/// The smallest step that is done or not done. Plans are lists of these, as data; the names are those of the xenops protocol so
/// that logs can be compared. Groups nest: children of <see cref="Parallel"/> may hold <see cref="Nested_parallel"/>, no deeper.
/// </summary>
public abstract record Atomic
{
    private Atomic() { }

    /// <summary>The VM the step belongs to.</summary>
    public abstract string VmId { get; }

    public sealed override string ToString() => AtomicText.Of(this);

    public abstract record OfVm(string Vm) : Atomic
    {
        public sealed override string VmId => Vm;
    }

    public abstract record OfDevice(DeviceId Device) : Atomic
    {
        public sealed override string VmId => Device.Vm;
    }

    public sealed record VBD_set_active(DeviceId Device, bool Active) : OfDevice(Device);
    public sealed record VBD_epoch_begin(DeviceId Device, Disk Disk, bool Persistent) : OfDevice(Device);
    public sealed record VBD_epoch_end(DeviceId Device, Disk Disk) : OfDevice(Device);

    /// <summary>Attach and activate in one step.</summary>
    public sealed record VBD_plug(DeviceId Device) : OfDevice(Device);
    public sealed record VBD_attach(DeviceId Device) : OfDevice(Device);
    public sealed record VBD_activate(DeviceId Device) : OfDevice(Device);

    /// <summary>Deactivate and detach in one step.</summary>
    public sealed record VBD_unplug(DeviceId Device, bool Force) : OfDevice(Device);
    public sealed record VBD_deactivate(DeviceId Device, bool Force) : OfDevice(Device);
    public sealed record VBD_detach(DeviceId Device) : OfDevice(Device);
    public sealed record VBD_insert(DeviceId Device, Disk Disk) : OfDevice(Device);
    public sealed record VBD_eject(DeviceId Device) : OfDevice(Device);
    public sealed record VBD_set_qos(DeviceId Device) : OfDevice(Device);

    public sealed record VIF_set_active(DeviceId Device, bool Active) : OfDevice(Device);
    public sealed record VIF_plug(DeviceId Device) : OfDevice(Device);
    public sealed record VIF_unplug(DeviceId Device, bool Force) : OfDevice(Device);
    public sealed record VIF_move(DeviceId Device, Network Network) : OfDevice(Device);
    public sealed record VIF_set_carrier(DeviceId Device, bool Carrier) : OfDevice(Device);
    public sealed record VIF_set_locking_mode(DeviceId Device, LockingMode Mode) : OfDevice(Device);
    public sealed record VIF_set_ipv4_configuration(DeviceId Device, Ipv4Configuration Configuration) : OfDevice(Device);
    public sealed record VIF_set_ipv6_configuration(DeviceId Device, Ipv6Configuration Configuration) : OfDevice(Device);
    public sealed record VIF_set_pvs_proxy(DeviceId Device, (string Site, ImmutableArray<PvsServer> Servers, string Network)? Proxy) : OfDevice(Device);
    public sealed record VIF_set_trunks(DeviceId Device, ImmutableArray<long> Trunks) : OfDevice(Device);

    /// <summary><paramref name="Emulator"/>: a running emulator is told of the device.</summary>
    public sealed record PCI_plug(DeviceId Device, bool Emulator) : OfDevice(Device);
    public sealed record PCI_unplug(DeviceId Device) : OfDevice(Device);
    public sealed record PCI_dequarantine(string Vm, PciAddress Address) : OfVm(Vm);

    public sealed record VUSB_plug(DeviceId Device) : OfDevice(Device);
    public sealed record VUSB_unplug(DeviceId Device) : OfDevice(Device);

    public sealed record VGPU_set_active(DeviceId Device, bool Active) : OfDevice(Device);

    /// <summary>The emulators of all cards of the VM; <paramref name="Saved"/>: their state comes from a suspend image.</summary>
    public sealed record VGPU_start(string Vm, ImmutableArray<DeviceId> Devices, bool Saved) : OfVm(Vm);

    public sealed record VM_hook_script(string Vm, string Script, string Reason) : OfVm(Vm);

    /// <summary>A hook that names the VM by its own id while its domain is found under another (<paramref name="BackendVm"/>).</summary>
    public sealed record VM_hook_script_stable(string Vm, string Script, string Reason, string BackendVm) : OfVm(Vm);

    /// <summary>Makes the domain. <paramref name="MemoryLimit"/> (bytes) is what a migration's source asks for, null for the VM's own;
    /// <paramref name="FinalId"/> the VM's own id while it carries a temporary one; <paramref name="TotalSource"/> (bytes) what the source
    /// has in use.</summary>
    public sealed record VM_create(string Vm, long? MemoryLimit, string? FinalId, bool NoSharept = false, long? TotalSource = null, bool Restores = false) : OfVm(Vm);
    public sealed record VM_build(string Vm, bool Force) : OfVm(Vm);
    public sealed record VM_create_device_model(string Vm, bool SaveState) : OfVm(Vm);
    public sealed record VM_destroy_device_model(string Vm) : OfVm(Vm);

    /// <summary>Without a request the domain outlives its creator ("survivable"); with Poweroff whoever looks at it next ends it.</summary>
    public sealed record VM_set_domain_action_request(string Vm, DomainAction? Request) : OfVm(Vm);
    public sealed record VM_shutdown_domain(string Vm, ShutdownReason Request, TimeSpan Timeout) : OfVm(Vm);
    public sealed record VM_pause(string Vm) : OfVm(Vm);
    public sealed record VM_unpause(string Vm) : OfVm(Vm);
    public sealed record VM_softreboot(string Vm) : OfVm(Vm);
    public sealed record VM_s3suspend(string Vm) : OfVm(Vm);
    public sealed record VM_s3resume(string Vm) : OfVm(Vm);
    public sealed record VM_destroy(string Vm) : OfVm(Vm);
    public sealed record VM_delay(string Vm, TimeSpan Delay) : OfVm(Vm);
    public sealed record VM_rename(string Vm, string NewVm, RenameMoment When) : OfVm(Vm);
    public sealed record VM_remove(string Vm) : OfVm(Vm);
    public sealed record VM_run_script(string Vm, string Script) : OfVm(Vm);
    public sealed record VM_request_rdp(string Vm, bool Enabled) : OfVm(Vm);
    public sealed record VM_set_xsdata(string Vm, ImmutableSortedDictionary<string, string> Xsdata) : OfVm(Vm);
    public sealed record VM_set_vcpus(string Vm, long Vcpus) : OfVm(Vm);
    public sealed record VM_set_shadow_multiplier(string Vm, double Multiplier) : OfVm(Vm);
    public sealed record VM_set_memory_dynamic_range(string Vm, long Minimum, long Maximum) : OfVm(Vm);

    /// <summary>Writes the guest to <paramref name="Image"/>, or where there is none to the connection of the running migration; the
    /// domain is suspended afterwards.</summary>
    public sealed record VM_save(string Vm, bool Live, Disk? Image = null) : OfVm(Vm);

    /// <summary>Reads the guest from <paramref name="Image"/>, or where there is none from the connection of the running migration.</summary>
    public sealed record VM_restore(string Vm, Disk? Image = null) : OfVm(Vm);

    /// <summary>Lets a suspended domain go on where it is.</summary>
    public sealed record VM_fast_resume(string Vm) : OfVm(Vm);

    /// <summary>Steps at the same time, ten at most; the first error in their order is raised once all have ended.</summary>
    public sealed record Parallel(string Vm, string Description, ImmutableArray<Atomic> Atoms) : OfVm(Vm);

    /// <summary>A <see cref="Parallel"/> inside one.</summary>
    public sealed record Nested_parallel(string Vm, string Description, ImmutableArray<Atomic> Atoms) : OfVm(Vm);

    /// <summary>Steps in order, as one child of a group.</summary>
    public sealed record Serial(string Vm, string Description, ImmutableArray<Atomic> Atoms) : OfVm(Vm);

    /// <summary>A step whose failure is logged and ignored.</summary>
    public sealed record Best_effort(Atomic Inner) : Atomic
    {
        public override string VmId => Inner.VmId;
    }
}
