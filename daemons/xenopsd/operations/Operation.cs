using System.Collections.Immutable;
using Toolstack.Xenopsd.Atomics;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Migration;

namespace Toolstack.Xenopsd.Operations;

/// <summary>What a caller asks of a VM, as it waits in the VM's queue. Names are those of the xenops protocol.</summary>
public abstract record Operation(string Vm)
{
    public sealed record VM_start(string Vm, bool Force) : Operation(Vm);

    /// <summary>With a timeout the guest is asked first.</summary>
    public sealed record VM_poweroff(string Vm, TimeSpan? Timeout) : Operation(Vm);
    public sealed record VM_reboot(string Vm, TimeSpan? Timeout) : Operation(Vm);
    public sealed record VM_suspend(string Vm, Disk Image) : Operation(Vm);
    public sealed record VM_resume(string Vm, Disk Image) : Operation(Vm);
    public sealed record VM_pause(string Vm) : Operation(Vm);
    public sealed record VM_unpause(string Vm) : Operation(Vm);
    public sealed record VM_remove(string Vm) : Operation(Vm);
    public sealed record VM_import_metadata(string Vm, Metadata Metadata, VmExtra? Extra) : Operation(Vm);

    public sealed record VBD_hotplug(DeviceId Device) : Operation(Device.Vm);
    public sealed record VBD_hotunplug(DeviceId Device, bool Force) : Operation(Device.Vm);
    public sealed record VIF_hotplug(DeviceId Device) : Operation(Device.Vm);
    public sealed record VIF_hotunplug(DeviceId Device, bool Force) : Operation(Device.Vm);

    /// <summary>One step by itself: a setting, a request, a device's change.</summary>
    public sealed record Single(Atomic Step, bool NeedsDomain = true) : Operation(Step.VmId)
    {
        public override string Name => AtomicText.Name(Step);
    }

    /// <summary>Looks at the domain and acts when it ended by itself.</summary>
    public sealed record VM_check_state(string Vm) : Operation(Vm);

    /// <summary>The first look at a domain that was there before this process.</summary>
    public sealed record VM_adopt(string Vm) : Operation(Vm);

    /// <summary>Looks at a device and acts on what is asked of it.</summary>
    public sealed record Device_check_state(string Vm, DynamicId Device) : Operation(Vm);

    public sealed record VM_migrate(
        string Vm,
        Uri Destination,
        ImmutableSortedDictionary<string, string> VdiMap,
        ImmutableSortedDictionary<string, Network> VifMap,
        ImmutableSortedDictionary<string, PciAddress> PciMap,
        MigrationRequest Request) : Operation(Vm);

    /// <summary>The destination's side of a migration; <paramref name="Vm"/> is the temporary id, <paramref name="Control"/> the
    /// connection that was handed over, which the operation closes.</summary>
    public sealed record VM_receive_memory(string Vm, MigrationArrival Arrival, MigrationConnection Control) : Operation(Vm);

    /// <summary>Finds out what became of a VM that left and whose migration's end was not heard.</summary>
    public sealed record VM_resolve_migration(string Vm) : Operation(Vm);

    /// <summary>Removes metadata that came ahead of a VM which did not come.</summary>
    public sealed record VM_expire_metadata(string Vm) : Operation(Vm);

    /// <summary>The name without the VM, for logs.</summary>
    public virtual string Name => GetType().Name;

    /// <summary>Started by a device's or a domain's change and not by a caller.</summary>
    public bool IsCheck => this is VM_check_state or VM_adopt or Device_check_state;
}
