using System.Collections.Immutable;
using Toolstack.Xenopsd.Atomics;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Operations;

/// <summary>Steps of network interfaces, in the order of their positions: guests number them so.</summary>
public static class VifPlans
{
    /// <summary>An interface of a running VM.</summary>
    public static ImmutableArray<Atomic> Hotplug(DeviceId vif) => [new Atomic.VIF_set_active(vif, Active: true), new Atomic.VIF_plug(vif)];

    public static ImmutableArray<Atomic> Hotunplug(DeviceId vif, bool force) =>
        [new Atomic.VIF_unplug(vif, force), new Atomic.VIF_set_active(vif, Active: false)];

    /// <summary>All interfaces of a domain that is restored; a migration connects them before the memory comes.</summary>
    public static ImmutableArray<Atomic> Restore(VmDevices vm) => Groups.Parallel(vm.Id, "VIFs.activate_and_plug", PlugEach(vm));

    internal static ImmutableArray<Atomic> PlugEach(VmDevices vm) =>
        [.. ByPosition(vm).SelectMany(v => Groups.Serial(vm.Id, "VIF.activate_and_plug", Hotplug(v)))];

    internal static ImmutableArray<Atomic> UnplugEach(VmDevices vm) => [.. ByPosition(vm).Select(static v => new Atomic.VIF_unplug(v, Force: true))];

    internal static ImmutableArray<Atomic> DeactivateEach(VmDevices vm) => [.. ByPosition(vm).Select(static v => new Atomic.VIF_set_active(v, Active: false))];

    private static IEnumerable<DeviceId> ByPosition(VmDevices vm) =>
        vm.Vifs.OrderBy(static v => v.position).Select(static v => new DeviceId(v.id.vm, v.id.device));
}
