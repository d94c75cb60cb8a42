using System.Collections.Immutable;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Operations;

namespace Toolstack.Xenopsd.Server;

/// <summary>PCI devices.</summary>
public sealed partial class XenopsService
{
    public Task<(string vm, string device)> PciAdd(string debug_info, Pci pci, CancellationToken cancel) =>
        Task.FromResult(Add(new DynamicId.Pci(pci.id.vm, pci.id.device), pci.id, r => r.With(pci)));

    public Task PciRemove(string debug_info, (string vm, string device) id, CancellationToken cancel) =>
        RemoveAsync(new DynamicId.Pci(id.vm, id.device), id.vm, cancel);

    public async Task<(Pci pci, PciState state)> PciStat(string debug_info, (string vm, string device) id, CancellationToken cancel)
    {
        var pci = engine.Store.Get(id.vm).Pci(id.device);
        return (pci, await DeviceStates.OfAsync(engine.Backend, pci, cancel).ConfigureAwait(false));
    }

    public async Task<ImmutableArray<(Pci pci, PciState state)>> PciList(string debug_info, string id, CancellationToken cancel)
    {
        var all = ImmutableArray.CreateBuilder<(Pci, PciState)>();
        foreach (var pci in engine.Store.Get(id).Pcis)
        {
            all.Add((pci, await DeviceStates.OfAsync(engine.Backend, pci, cancel).ConfigureAwait(false)));
        }

        return all.ToImmutable();
    }

    public Task PciDequarantine(string debug_info, PciAddress pci_addr, CancellationToken cancel) =>
        engine.Backend.Devices.DequarantinePciAsync(pci_addr, cancel);
}
