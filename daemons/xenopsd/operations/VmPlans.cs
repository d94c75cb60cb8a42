using System.Collections.Immutable;
using Toolstack.Xenopsd.Atomics;
using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Operations;

/// <summary>
/// The steps of a domain's life, in the order of the xenops protocol. Pure functions of the VM's devices: what the plans do is
/// decided here and in the plans of the devices, and nowhere else.
/// </summary>
public static class VmPlans
{
    /// <summary>Creates, builds and connects the domain; it stays paused.</summary>
    public static ImmutableArray<Atomic> Start(VmDevices vm, bool force) =>
    [
        .. PciPlans.Dequarantine(vm),
        Hook(vm, Hooks.PreStart, Hooks.NoReason),
        new Atomic.VM_create(vm.Id, MemoryLimit: null, FinalId: null, PciPlans.NeedsOwnPageTables(vm)),
        new Atomic.VM_build(vm.Id, force),
        .. Groups.Parallel(vm.Id, "Devices.plug",
        [
            .. Groups.Serial(vm.Id, "VBDs.activate_epoch_and_plug", VbdPlans.PlugForStart(vm)),
            .. VifPlans.PlugEach(vm),
            .. Groups.Serial(vm.Id, "VGPUs.activate and PCI.plug (SRIOV)",
                [.. Groups.NestedParallel(vm.Id, "VGPUs.set_active", VgpuPlans.SetActive(vm, active: true)),
                 .. Groups.NestedParallel(vm.Id, "PCIs.plug (SRIOV)", PciPlans.PlugVirtualFunctions(vm))]),
        ]),
        new Atomic.VM_create_device_model(vm.Id, SaveState: false),
        .. PciPlans.PlugOthers(vm),
        .. VusbPlans.PlugEach(vm),
        new Atomic.VM_set_domain_action_request(vm.Id, Request: null),
    ];

    /// <summary>Ends the domain; with a timeout the guest is asked first.</summary>
    public static ImmutableArray<Atomic> Shutdown(VmDevices vm, TimeSpan? timeout) =>
    [
        .. AskGuest(vm, ShutdownReason.Poweroff, timeout),
        // Beyond the protocol: from here on there is no way back, and a xenopsd that starts anew must know it.
        new Atomic.VM_set_domain_action_request(vm.Id, DomainAction.Poweroff),
        .. Groups.Parallel(vm.Id, "VUSBs.unplug", VusbPlans.UnplugEach(vm)),
        new Atomic.Best_effort(new Atomic.VM_pause(vm.Id)),
        new Atomic.VM_destroy_device_model(vm.Id),
        .. Groups.Parallel(vm.Id, "Devices.unplug",
            [.. VbdPlans.UnplugEach(vm), .. VifPlans.UnplugEach(vm), .. PciPlans.UnplugEach(vm)]),
        new Atomic.VM_destroy(vm.Id),
    ];

    /// <summary>What VM.shutdown means: the domain ended, its devices let go, the hooks told.</summary>
    public static ImmutableArray<Atomic> Poweroff(VmDevices vm, TimeSpan? timeout)
    {
        string reason = timeout is null ? Hooks.HardShutdown : Hooks.CleanShutdown;
        return
        [
            Hook(vm, Hooks.PreDestroy, reason),
            .. Shutdown(vm, timeout),
            .. Groups.Parallel(vm.Id, "Devices.deactivate",
                [.. VbdPlans.EndAndDeactivateEach(vm), .. VifPlans.DeactivateEach(vm), .. VgpuPlans.SetActive(vm, active: false)]),
            Hook(vm, Hooks.PostDestroy, reason),
        ];
    }

    /// <summary>Ends the domain and makes a new one, which runs.</summary>
    public static ImmutableArray<Atomic> Reboot(VmDevices vm, TimeSpan? timeout)
    {
        string reason = timeout is null ? Hooks.HardReboot : Hooks.CleanReboot;
        return
        [
            .. AskGuest(vm, ShutdownReason.Reboot, timeout),
            Hook(vm, Hooks.PreDestroy, reason),
            .. Shutdown(vm, timeout: null),
            .. Groups.Parallel(vm.Id, "VBDs.epoch_end", VbdPlans.EndEpochs(vm)),
            Hook(vm, Hooks.PostDestroy, reason),
            Hook(vm, Hooks.PreReboot, Hooks.NoReason),
            .. Start(vm, force: false),
            new Atomic.VM_unpause(vm.Id),
        ];
    }

    /// <summary>The first half of a suspend, up to the complete image: until its end everything is taken back on a failure.</summary>
    public static ImmutableArray<Atomic> SuspendToImage(VmDevices vm, Disk image) =>
    [
        Hook(vm, Hooks.PreSuspend, Hooks.Suspend),
        new Atomic.VM_save(vm.Id, Live: false, image),
        Hook(vm, Hooks.PreDestroy, Hooks.Suspend),
    ];

    /// <summary>The second half: the image is what the VM is now, nothing else of it stays.</summary>
    public static ImmutableArray<Atomic> SuspendEnd(VmDevices vm) =>
    [
        .. Shutdown(vm, timeout: null),
        Hook(vm, Hooks.PostDestroy, Hooks.Suspend),
    ];

    /// <summary>A domain from an image; it stays paused.</summary>
    public static ImmutableArray<Atomic> Resume(VmDevices vm, Disk image) =>
    [
        .. PciPlans.Dequarantine(vm),
        new Atomic.VM_create(vm.Id, MemoryLimit: null, FinalId: null, PciPlans.NeedsOwnPageTables(vm), Restores: true),
        Hook(vm, Hooks.PreResume, Hooks.NoReason),
        .. VgpuPlans.StartForRestore(vm),
        new Atomic.VM_restore(vm.Id, image),
        .. RestoreDevices(vm, migration: false),
        new Atomic.VM_set_domain_action_request(vm.Id, Request: null),
        Hook(vm, Hooks.PostResume, Hooks.NoReason),
    ];

    /// <summary>Connects the devices of a domain whose memory has arrived; a migration has connected the VIFs before, and may have attached disks.</summary>
    public static ImmutableArray<Atomic> RestoreDevices(VmDevices vm, bool migration) =>
    [
        .. VbdPlans.PlugForRestore(vm, migration),
        .. migration ? [] : VifPlans.Restore(vm),
        .. Groups.Parallel(vm.Id, "VGPUs.set_active", VgpuPlans.SetActive(vm, active: true)),
        new Atomic.VM_create_device_model(vm.Id, SaveState: true),
        .. PciPlans.PlugOthers(vm),
    ];

    private static ImmutableArray<Atomic> AskGuest(VmDevices vm, ShutdownReason request, TimeSpan? timeout) =>
        timeout is { } wait ? [new Atomic.VM_shutdown_domain(vm.Id, request, wait)] : [];

    private static Atomic.VM_hook_script Hook(VmDevices vm, string script, string reason) => new(vm.Id, script, reason);
}
