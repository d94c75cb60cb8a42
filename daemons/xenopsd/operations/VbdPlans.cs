using System.Collections.Immutable;
using Toolstack.Xenopsd.Atomics;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Operations;

/// <summary>Steps of block devices.</summary>
public static class VbdPlans
{
    /// <summary>A disk of a running VM.</summary>
    public static ImmutableArray<Atomic> Hotplug(VmDevices vm, DeviceId vbd) => [new Atomic.VBD_set_active(vbd, Active: true), .. Plug(vm, vbd)];

    public static ImmutableArray<Atomic> Hotunplug(VmDevices vm, DeviceId vbd, bool force) =>
        [.. Unplug(vm, vbd, force), new Atomic.VBD_set_active(vbd, Active: false)];

    /// <summary>The disk disconnected, and still one the VM is to have.</summary>
    public static ImmutableArray<Atomic> Unplug(VmDevices vm, DeviceId vbd, bool force) => vm.PlugsInOneStep
        ? [new Atomic.VBD_unplug(vbd, force)]
        : Groups.Serial(vm.Id, "VBD.deactivate_and_detach", [new Atomic.VBD_deactivate(vbd, force), new Atomic.VBD_detach(vbd)]);

    /// <summary>All disks of a new domain, the writable ones first: a read-only one may be a snapshot of a writable one.</summary>
    internal static ImmutableArray<Atomic> PlugForStart(VmDevices vm)
    {
        return
        [
            .. Groups.NestedParallel(vm.Id, "VBDs.activate_epoch_and_plug RW", All(VbdMode.ReadWrite)),
            .. Groups.NestedParallel(vm.Id, "VBDs.activate_epoch_and_plug RO", All(VbdMode.ReadOnly)),
        ];

        ImmutableArray<Atomic> All(VbdMode mode) =>
        [
            .. vm.Vbds.Where(v => v.mode == mode).SelectMany(v => Groups.Serial(vm.Id, "VBD.activate_epoch_and_plug",
            [
                new Atomic.VBD_set_active(Id(v), Active: true),
                .. v.backend is { } disk ? new Atomic[] { new Atomic.VBD_epoch_begin(Id(v), disk, v.persistent) } : [],
                .. Plug(vm, Id(v)),
            ])),
        ];
    }

    /// <summary>All disks of a domain whose memory has arrived. A migration has attached ahead what could be.</summary>
    internal static ImmutableArray<Atomic> PlugForRestore(VmDevices vm, bool migration)
    {
        return
        [
            .. Groups.Parallel(vm.Id, "VBDs.activate_and_plug RW", All(VbdMode.ReadWrite)),
            .. Groups.Parallel(vm.Id, "VBDs.activate_and_plug RO", All(VbdMode.ReadOnly)),
        ];

        ImmutableArray<Atomic> All(VbdMode mode) => [.. vm.Vbds.Where(v => v.mode == mode).SelectMany(v => One(v))];

        ImmutableArray<Atomic> One(Vbd vbd) => migration && AttachesEarly(vm, vbd)
            ? [new Atomic.VBD_activate(Id(vbd))]
            : Groups.Serial(vm.Id, "VBD.activate_and_plug", [new Atomic.VBD_set_active(Id(vbd), Active: true), .. Plug(vm, Id(vbd))]);
    }

    /// <summary>What a migration's destination does while the guest still runs at its source.</summary>
    internal static ImmutableArray<Atomic> AttachEarly(VmDevices vm) => Groups.Parallel(vm.Id, "VBDs.attach_early",
    [
        .. vm.Vbds.Where(v => AttachesEarly(vm, v)).SelectMany(v => Groups.Serial(vm.Id, "VBD.activate_and_attach",
            [new Atomic.VBD_set_active(Id(v), Active: true), new Atomic.VBD_attach(Id(v))])),
    ]);

    internal static ImmutableArray<Atomic> UnplugEach(VmDevices vm) => [.. vm.Vbds.SelectMany(v => Unplug(vm, Id(v), force: true))];

    internal static ImmutableArray<Atomic> EndEpochs(VmDevices vm) => [.. vm.Vbds.SelectMany(v => EndEpoch(v))];

    internal static ImmutableArray<Atomic> EndAndDeactivateEach(VmDevices vm) =>
    [
        .. vm.Vbds.SelectMany(v => Groups.Serial(vm.Id, "VBD.epoch_end_and_deactivate", [.. EndEpoch(v), new Atomic.VBD_set_active(Id(v), Active: false)])),
    ];

    private static bool AttachesEarly(VmDevices vm, Vbd vbd) => !vm.PlugsInOneStep && vbd.can_attach_early;

    private static ImmutableArray<Atomic> Plug(VmDevices vm, DeviceId vbd) => vm.PlugsInOneStep
        ? [new Atomic.VBD_plug(vbd)]
        : Groups.Serial(vm.Id, "VBD.attach_and_activate", [new Atomic.VBD_attach(vbd), new Atomic.VBD_activate(vbd)]);

    private static ImmutableArray<Atomic> EndEpoch(Vbd vbd) => vbd.backend is { } disk ? [new Atomic.VBD_epoch_end(Id(vbd), disk)] : [];

    private static DeviceId Id(Vbd vbd) => new(vbd.id.vm, vbd.id.device);
}
