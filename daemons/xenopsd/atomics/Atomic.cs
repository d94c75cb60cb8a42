using System.Collections.Immutable;
using Toolstack.Xenopsd.Backends;

namespace Toolstack.Xenopsd.Atomics;

/// <summary>A device of a VM: the VM's id and the device's name in it.</summary>
public readonly record struct DeviceId(string Vm, string Device);

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

    public abstract record OfVm(string Vm) : Atomic
    {
        public sealed override string VmId => Vm;
    }

    public abstract record OfDevice(DeviceId Device) : Atomic
    {
        public sealed override string VmId => Device.Vm;
    }

    public sealed record VBD_set_active(DeviceId Device, bool Active) : OfDevice(Device);
    public sealed record VBD_epoch_begin(DeviceId Device, bool Persistent) : OfDevice(Device);
    public sealed record VBD_epoch_end(DeviceId Device) : OfDevice(Device);
    public sealed record VBD_plug(DeviceId Device) : OfDevice(Device);
    public sealed record VBD_unplug(DeviceId Device, bool Force) : OfDevice(Device);
    public sealed record VIF_set_active(DeviceId Device, bool Active) : OfDevice(Device);
    public sealed record VIF_plug(DeviceId Device) : OfDevice(Device);
    public sealed record VIF_unplug(DeviceId Device, bool Force) : OfDevice(Device);

    public sealed record VM_hook_script(string Vm, string Script, string Reason) : OfVm(Vm);

    /// <summary>A hook that names the VM by its own id while its domain is found under another (<paramref name="BackendVm"/>).</summary>
    public sealed record VM_hook_script_stable(string Vm, string Script, string Reason, string BackendVm) : OfVm(Vm);

    /// <summary>Makes the domain. <paramref name="MemoryLimit"/> (bytes) is what a migration's source asks for, null for the VM's own;
    /// <paramref name="FinalId"/> the VM's own id while it carries a temporary one.</summary>
    public sealed record VM_create(string Vm, long? MemoryLimit, string? FinalId) : OfVm(Vm);
    public sealed record VM_build(string Vm, bool Force) : OfVm(Vm);
    public sealed record VM_create_device_model(string Vm, bool SaveState) : OfVm(Vm);
    public sealed record VM_destroy_device_model(string Vm) : OfVm(Vm);

    /// <summary>No request: from here on the domain outlives its creator ("survivable").</summary>
    public sealed record VM_set_domain_action_request_none(string Vm) : OfVm(Vm);
    public sealed record VM_shutdown_domain(string Vm, ShutdownReason Request, TimeSpan Timeout) : OfVm(Vm);
    public sealed record VM_pause(string Vm) : OfVm(Vm);
    public sealed record VM_unpause(string Vm) : OfVm(Vm);
    public sealed record VM_destroy(string Vm) : OfVm(Vm);
    public sealed record VM_delay(string Vm, TimeSpan Delay) : OfVm(Vm);
    public sealed record VM_rename(string Vm, string NewVm, RenameMoment When) : OfVm(Vm);
    public sealed record VM_remove(string Vm) : OfVm(Vm);
    public sealed record VM_run_script(string Vm, string Script) : OfVm(Vm);

    /// <summary>Sends the memory over the connection of the running migration; the domain is suspended afterwards.</summary>
    public sealed record VM_save(string Vm, bool Live) : OfVm(Vm);

    /// <summary>Receives the memory from the connection of the running migration.</summary>
    public sealed record VM_restore(string Vm) : OfVm(Vm);

    /// <summary>Lets a suspended domain go on where it is.</summary>
    public sealed record VM_fast_resume(string Vm) : OfVm(Vm);

    /// <summary>Steps at the same time, ten at most; the first error in their order is raised once all have ended.</summary>
    public sealed record Parallel(string Vm, string Description, ImmutableArray<Atomic> Atoms) : OfVm(Vm)
    {
        public override string ToString() => $"Parallel [{string.Join("; ", Atoms)}]";
    }

    /// <summary>A <see cref="Parallel"/> inside one.</summary>
    public sealed record Nested_parallel(string Vm, string Description, ImmutableArray<Atomic> Atoms) : OfVm(Vm)
    {
        public override string ToString() => $"Nested_parallel [{string.Join("; ", Atoms)}]";
    }

    /// <summary>Steps in order, as one child of a group.</summary>
    public sealed record Serial(string Vm, string Description, ImmutableArray<Atomic> Atoms) : OfVm(Vm)
    {
        public override string ToString() => $"Serial [{string.Join("; ", Atoms)}]";
    }

    /// <summary>A step whose failure is logged and ignored.</summary>
    public sealed record Best_effort(Atomic Inner) : Atomic
    {
        public override string VmId => Inner.VmId;

        public override string ToString() => $"Best_effort [{Inner}]";
    }
}
