using System.Collections.Immutable;
using Toolstack.Xenopsd.Atomics;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Operations;

/// <summary>Steps of virtual graphics cards.</summary>
public static class VgpuPlans
{
    internal static ImmutableArray<Atomic> SetActive(VmDevices vm, bool active) => [.. vm.Vgpus.Select(g => new Atomic.VGPU_set_active(Id(g), active))];

    /// <summary>The cards' emulators wait for their state before the memory is read.</summary>
    internal static ImmutableArray<Atomic> StartForRestore(VmDevices vm) => vm.Vgpus.IsEmpty
        ? []
        : [.. PciPlans.PlugVirtualFunctions(vm), new Atomic.VGPU_start(vm.Id, [.. vm.Vgpus.Select(Id)], Saved: true)];

    /// <summary>The first card that holds something, which a migration's connection for all of them is named after; null when there is none.</summary>
    internal static Vgpu? WithState(VmDevices vm) => vm.Vgpus.OrderBy(static g => g.position).FirstOrDefault(static g => g.implementation is not VgpuImplementation.Empty);

    private static DeviceId Id(Vgpu vgpu) => new(vgpu.id.vm, vgpu.id.device);
}
