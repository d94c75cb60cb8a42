using System.Collections.Immutable;
using Toolstack.Xenopsd.Backends.Domains.LifeCycle;
using Toolstack.Xenopsd.Backends.Domains.Tree;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Migration.Channels;
using Toolstack.Xenopsd.Migration.Stream;

namespace Toolstack.Xenopsd.Backends.Domains.Devices;

/// <summary>Virtual graphics cards: their emulators, and what they hold on its way to another host.</summary>
internal sealed partial class DomainDevices
{
    private const string VgpuKind = "vgpu";

    /// <summary>Guests are built without an emulator: there are their graphics cards alone to start.</summary>
    public Task CreateDeviceModelAsync(DomainDescription vm, bool saveState, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(vm);
        return StartVgpusAsync(vm.Vm.id, vm.Vgpus, saveState, cancel);
    }

    public async Task StartVgpusAsync(string vmId, ImmutableArray<Vgpu> vgpus, bool saved, CancellationToken cancel)
    {
        foreach (var card in vgpus.Where(static g => g.implementation is not VgpuImplementation.Empty))
        {
            var entry = table.Get(vmId);
            string record = StorePaths.Private(entry.Domid, $"device/{VgpuKind}/{card.id.device}");
            if (await StoreErrors.MapAsync(() => store.ReadAsync(record, cancel)).ConfigureAwait(false) is null)
            {
                hypervisor.StartVgpu(entry.Domid, card, saved);
                await StoreErrors.MapAsync(() => store.WriteAsync(record, card.physical_pci_address.ToString(), cancel)).ConfigureAwait(false);
            }
        }
    }

    public async Task<VgpuState> GetVgpuStateAsync(Vgpu vgpu, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(vgpu);
        if (table.Find(vgpu.id.vm) is not { Ending: false } entry)
        {
            return new VgpuState();
        }

        var read = await StoreErrors.MapAsync(() => store.ReadAllAsync(
            [DevicePaths.Active(vgpu.id.vm, VgpuKind, vgpu.id.device), StorePaths.Private(entry.Domid, $"device/{VgpuKind}/{vgpu.id.device}")], cancel)).ConfigureAwait(false);
        return new VgpuState { active = read[0] == ActiveValue, plugged = read[1] is not null };
    }

    public Task SaveVgpusAsync(string vmId, IDataChannel data, CancellationToken cancel)
    {
        int domid = table.Get(vmId).Domid;
        return CopyAsync("save of graphics cards", data, () => VgpuStream.Send(data, io => hypervisor.SaveVgpus(domid, io)), cancel);
    }

    public Task RestoreVgpusAsync(string vmId, IDataChannel data, CancellationToken cancel)
    {
        int domid = table.Get(vmId).Domid;
        return CopyAsync("restore of graphics cards", data, () => VgpuStream.Receive(data, io => hypervisor.RestoreVgpus(domid, io)), cancel);
    }

    /// <summary>A cancellation ends the channel.</summary>
    private static Task<bool> CopyAsync(string what, IDataChannel data, Action copy, CancellationToken cancel) => TransferThread.RunAsync(what, () =>
    {
        using var registration = cancel.Register(data.End);
        try
        {
            copy();
            return true;
        }
        catch (IOException) when (cancel.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancel);
        }
    });
}
