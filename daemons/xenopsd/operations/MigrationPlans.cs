using System.Collections.Immutable;
using Toolstack.Xenopsd.Atomics;

namespace Toolstack.Xenopsd.Operations;

/// <summary>
/// The steps of a migration between its synchronisation points, in the order of the xenops protocol: which side does what, and
/// before which point, is decided here; the two conversations run these lists and exchange the points.
/// </summary>
public static class MigrationPlans
{
    /// <summary>Source, before the metadata is sent.</summary>
    public static ImmutableArray<Atomic> SourcePrepare(VmDevices vm) => [new Atomic.VM_hook_script(vm.Id, Hooks.PreMigrate, Hooks.Source)];

    /// <summary>Source, after point 1: memory sent, guest suspended, the domain out of the way of the VM's own id (point 2).</summary>
    public static ImmutableArray<Atomic> SourceSend(string vm, string temporary) =>
    [
        new Atomic.VM_save(vm, Live: true),
        new Atomic.VM_rename(vm, temporary, RenameMoment.Pre_migration),
    ];

    /// <summary>Source, after point 4: nothing is left of the VM here. <paramref name="source"/> carries the temporary id.</summary>
    public static ImmutableArray<Atomic> SourceFinish(VmDevices source, string vm) =>
    [
        new Atomic.VM_hook_script_stable(vm, Hooks.PreDestroy, Hooks.Suspend, source.Id),
        .. VmPlans.Shutdown(source, timeout: null),
        new Atomic.VM_hook_script_stable(vm, Hooks.PostDestroy, Hooks.Suspend, source.Id),
        new Atomic.VM_remove(source.Id),
    ];

    /// <summary>Source, when the destination turned out to have nothing of the VM: the suspended domain goes on under its own id.</summary>
    public static ImmutableArray<Atomic> SourceResume(string vm, string temporary) =>
    [
        new Atomic.VM_rename(temporary, vm, RenameMoment.Pre_migration),
        new Atomic.VM_fast_resume(vm),
    ];

    /// <summary>Destination, before point 1: memory reserved, VIFs connected and those disks attached that may be. <paramref name="vm"/> carries the temporary id.</summary>
    public static ImmutableArray<Atomic> DestinationCreate(VmDevices vm, long? memoryLimit, string finalId, long? totalSource) =>
    [
        new Atomic.VM_create(vm.Id, memoryLimit, finalId, PciPlans.NeedsOwnPageTables(vm), totalSource, Restores: true),
        .. VifPlans.Restore(vm),
        .. VbdPlans.AttachEarly(vm),
    ];

    /// <summary>Destination, between points 1 and 2. <paramref name="vm"/> carries the temporary id.</summary>
    public static ImmutableArray<Atomic> DestinationRestore(VmDevices vm) =>
        [.. PciPlans.Dequarantine(vm), .. VgpuPlans.StartForRestore(vm), new Atomic.VM_restore(vm.Id)];

    /// <summary>Destination, after point 3: all that can still fail. <paramref name="vm"/> carries the VM's own id.</summary>
    public static ImmutableArray<Atomic> DestinationTake(VmDevices vm, string temporary) =>
    [
        .. temporary == vm.Id ? ImmutableArray<Atomic>.Empty : [new Atomic.VM_rename(temporary, vm.Id, RenameMoment.Post_migration)],
        .. VmPlans.RestoreDevices(vm, migration: true),
    ];

    /// <summary>Destination, once it is decided that the VM is its own, and before point 4.</summary>
    public static ImmutableArray<Atomic> DestinationRun(string vm, bool paused) =>
    [
        .. paused ? ImmutableArray<Atomic>.Empty : [new Atomic.VM_unpause(vm)],
        new Atomic.VM_set_domain_action_request(vm, Request: null),
        // The guest runs here already and nowhere else: a failing script must not cost it its domain.
        new Atomic.Best_effort(new Atomic.VM_hook_script(vm, Hooks.PostMigrate, Hooks.Destination)),
    ];

    /// <summary>Either side, after a failure: the half-made or given-up domain and its metadata go.</summary>
    public static ImmutableArray<Atomic> Discard(VmDevices vm) =>
    [
        .. VmPlans.Shutdown(vm, timeout: null).Select(static a => new Atomic.Best_effort(a)),
        new Atomic.Best_effort(new Atomic.VM_remove(vm.Id)),
    ];
}
