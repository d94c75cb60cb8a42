using System.Collections.Immutable;
using Toolstack.Xenopsd.Atomics;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Operations;

/// <summary>Steps of PCI devices. Virtual functions that carry an Nvidia card go in before the emulator starts, all others after.</summary>
public static class PciPlans
{
    /// <summary>Cards that this host itself shares out are taken back from quarantine first.</summary>
    internal static ImmutableArray<Atomic> Dequarantine(VmDevices vm) =>
    [
        .. vm.Vgpus.Where(static g => g.implementation is VgpuImplementation.GVT_g or VgpuImplementation.Nvidia)
            .Select(g => new Atomic.PCI_dequarantine(vm.Id, g.physical_pci_address)),
    ];

    /// <summary>Such a function cannot work with page tables that IOMMU and CPU share.</summary>
    internal static bool NeedsOwnPageTables(VmDevices vm) => vm.Pcis.Any(p => CarriesNvidia(vm, p));

    internal static ImmutableArray<Atomic> PlugVirtualFunctions(VmDevices vm) =>
        [.. ByPosition(vm).Where(p => CarriesNvidia(vm, p)).Select(static p => new Atomic.PCI_plug(Id(p), Emulator: false))];

    internal static ImmutableArray<Atomic> PlugOthers(VmDevices vm) =>
        [.. ByPosition(vm).Where(p => !CarriesNvidia(vm, p)).Select(static p => new Atomic.PCI_plug(Id(p), Emulator: true))];

    internal static ImmutableArray<Atomic> UnplugEach(VmDevices vm) => [.. ByPosition(vm).Select(static p => new Atomic.PCI_unplug(Id(p)))];

    /// <summary>Whether the device is part of a card whose state travels; any other keeps its VM where it is.</summary>
    internal static bool CarriesNvidia(VmDevices vm, Pci pci) =>
        vm.Vgpus.Any(g => g.implementation is VgpuImplementation.Nvidia && g.virtual_pci_address == pci.address);

    private static IEnumerable<Pci> ByPosition(VmDevices vm) => vm.Pcis.OrderBy(static p => p.position);

    private static DeviceId Id(Pci pci) => new(pci.id.vm, pci.id.device);
}
