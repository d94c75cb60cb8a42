using Toolstack.Xenopsd.Backends.Domains.Tree;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Backends.Domains.Devices;

/// <summary>PCI devices of the host.</summary>
internal sealed partial class DomainDevices
{
    private readonly PciBus pciBus = new(store, options);

    public async Task PlugPciAsync(Pci pci, bool emulator, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(pci);
        var entry = table.Get(pci.id.vm);
        entry.MayHaveDevices = true;
        pciHost.Assign(entry.Domid, pci.address);
        await StoreErrors.MapAsync(() => entry.Kind == GuestKind.Pv
            ? pciBus.AddAsync(entry, pci, cancel)
            : store.ApplyAsync([], PciKeys.Create(pci, entry.Domid, card: !emulator), cancel)).ConfigureAwait(false);
    }

    /// <summary>The host takes a device back when the domain ends, not before.</summary>
    public Task UnplugPciAsync(Pci pci, CancellationToken cancel) => Task.CompletedTask;

    public Task DequarantinePciAsync(PciAddress address, CancellationToken cancel)
    {
        pciHost.Release(address);
        return Task.CompletedTask;
    }

    public async Task<PciState> GetPciStateAsync(Pci pci, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(pci);
        if (table.Find(pci.id.vm) is not { Ending: false } entry)
        {
            return new PciState();
        }

        string root = PciKeys.Root(entry.Domid);
        return await StoreErrors.MapAsync(async () =>
        {
            var names = await store.DirectoryAsync(root, cancel).ConfigureAwait(false);
            var present = await store.ReadAllAsync(
                [.. names.Where(static n => n.StartsWith(PciKeys.DevicePrefix, StringComparison.Ordinal)).Select(n => $"{root}/{n}")], cancel).ConfigureAwait(false);
            return new PciState { plugged = present.Contains(pci.address.ToString()) };
        }).ConfigureAwait(false);
    }
}
