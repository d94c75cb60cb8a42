using System.Collections.Immutable;
using Toolstack.Xenopsd.Atomics;
using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Operations;

/// <summary>
/// The steps of the life cycle, in the order of the xenops protocol. Pure functions of the VM's devices: what the plans do is
/// decided here and nowhere else.
/// </summary>
public static class Plans
{
    /// <summary>Creates, builds and connects the domain; it stays paused.</summary>
    public static ImmutableArray<Atomic> Start(VmDevices vm, bool force) =>
    [
        Hook(vm, Hooks.PreStart, Hooks.NoReason),
        new Atomic.VM_create(vm.Id, MemoryLimit: null, FinalId: null),
        new Atomic.VM_build(vm.Id, force),
        .. Groups.Parallel(vm.Id, "Devices.plug", [.. PlugVbds(vm, epochs: true), .. PlugVifs(vm)]),
        new Atomic.VM_create_device_model(vm.Id, SaveState: false),
        new Atomic.VM_set_domain_action_request_none(vm.Id),
    ];

    /// <summary>Ends the domain; with a timeout the guest is asked first.</summary>
    public static ImmutableArray<Atomic> Shutdown(VmDevices vm, TimeSpan? timeout) =>
    [
        .. AskGuest(vm, ShutdownReason.Poweroff, timeout),
        new Atomic.Best_effort(new Atomic.VM_pause(vm.Id)),
        new Atomic.VM_destroy_device_model(vm.Id),
        .. Groups.Parallel(vm.Id, "Devices.unplug",
        [
            .. vm.Vbds.Select(v => new Atomic.VBD_unplug(Id(v), Force: true)),
            .. ByPosition(vm).Select(v => new Atomic.VIF_unplug(Id(v), Force: true)),
        ]),
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
            [
                .. vm.Vbds.SelectMany(v => Groups.Serial(vm.Id, "VBD.epoch_end", [.. EpochEnd(v), new Atomic.VBD_set_active(Id(v), Active: false)])),
                .. ByPosition(vm).Select(v => new Atomic.VIF_set_active(Id(v), Active: false)),
            ]),
            Hook(vm, Hooks.PostDestroy, reason),
        ];
    }

    public static ImmutableArray<Atomic> Reboot(VmDevices vm, TimeSpan? timeout)
    {
        string reason = timeout is null ? Hooks.HardReboot : Hooks.CleanReboot;
        return
        [
            .. AskGuest(vm, ShutdownReason.Reboot, timeout),
            Hook(vm, Hooks.PreDestroy, reason),
            .. Shutdown(vm, timeout: null),
            .. Groups.Parallel(vm.Id, "VBD.epoch_end", [.. vm.Vbds.SelectMany(v => EpochEnd(v))]),
            Hook(vm, Hooks.PostDestroy, reason),
            Hook(vm, Hooks.PreReboot, Hooks.NoReason),
            .. Start(vm, force: false),
            new Atomic.VM_unpause(vm.Id),
        ];
    }

    public static ImmutableArray<Atomic> Pause(VmDevices vm) => [new Atomic.VM_pause(vm.Id)];

    public static ImmutableArray<Atomic> Unpause(VmDevices vm) => [new Atomic.VM_unpause(vm.Id)];

    /// <summary>Connects the VIFs of a domain whose memory is still to come.</summary>
    public static ImmutableArray<Atomic> RestoreVifs(VmDevices vm) => Groups.Parallel(vm.Id, "VIFs.activate_and_plug", PlugVifs(vm));

    /// <summary>Connects the devices of a domain whose memory has arrived; a migration has connected the VIFs before.</summary>
    public static ImmutableArray<Atomic> RestoreDevices(VmDevices vm, bool migration) =>
    [
        .. PlugVbds(vm, epochs: false),
        .. migration ? [] : RestoreVifs(vm),
        new Atomic.VM_create_device_model(vm.Id, SaveState: true),
    ];

    private static ImmutableArray<Atomic> PlugVbds(VmDevices vm, bool epochs)
    {
        // Writable disks first: a read-only one may be a snapshot of a writable one.
        return
        [
            .. Groups.NestedParallel(vm.Id, "VBDs.activate_epoch_and_plug RW", Plug(VbdMode.ReadWrite)),
            .. Groups.NestedParallel(vm.Id, "VBDs.activate_epoch_and_plug RO", Plug(VbdMode.ReadOnly)),
        ];

        ImmutableArray<Atomic> Plug(VbdMode mode) =>
        [
            .. vm.Vbds.Where(v => v.mode == mode).SelectMany(v => Groups.Serial(vm.Id, "VBD.activate_epoch_and_plug",
            [
                new Atomic.VBD_set_active(Id(v), Active: true),
                .. epochs && v.backend is not null ? new Atomic[] { new Atomic.VBD_epoch_begin(Id(v), v.persistent) } : [],
                new Atomic.VBD_plug(Id(v)),
            ])),
        ];
    }

    private static ImmutableArray<Atomic> PlugVifs(VmDevices vm) =>
    [
        .. ByPosition(vm).SelectMany(v => Groups.Serial(vm.Id, "VIF.activate_and_plug",
        [
            new Atomic.VIF_set_active(Id(v), Active: true),
            new Atomic.VIF_plug(Id(v)),
        ])),
    ];

    private static ImmutableArray<Atomic> AskGuest(VmDevices vm, ShutdownReason request, TimeSpan? timeout) =>
        timeout is { } wait ? [new Atomic.VM_shutdown_domain(vm.Id, request, wait)] : [];

    private static ImmutableArray<Atomic> EpochEnd(Vbd vbd) => vbd.backend is null ? [] : [new Atomic.VBD_epoch_end(Id(vbd))];

    private static Atomic.VM_hook_script Hook(VmDevices vm, string script, string reason) => new(vm.Id, script, reason);

    private static IEnumerable<Vif> ByPosition(VmDevices vm) => vm.Vifs.OrderBy(static v => v.position);

    private static DeviceId Id(Vbd vbd) => new(vbd.id.vm, vbd.id.device);

    private static DeviceId Id(Vif vif) => new(vif.id.vm, vif.id.device);
}
