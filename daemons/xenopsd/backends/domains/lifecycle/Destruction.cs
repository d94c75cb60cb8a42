using Microsoft.Extensions.Logging;
using Toolstack.Interop.Linux;
using Toolstack.Interop.Xen.Xenstore;
using Toolstack.Xenopsd.Backends.Domains.Devices;
using Toolstack.Xenopsd.Backends.Domains.Memory;
using Toolstack.Xenopsd.Backends.Domains.Tree;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Backends.Domains.LifeCycle;

/// <summary>Ends a domain and removes all of it. Each step is tried whatever became of the others, but for the end of the domain
/// itself: while it lives nothing of it is removed.</summary>
internal sealed class Destruction(
    IHypervisor hypervisor, XenstoreClient store, DomainTable table, Reservations reservations, DeviceRemoval devices, ILogger logger)
{
    public async Task RunAsync(DomainEntry entry, CancellationToken cancel)
    {
        entry.Ending = true;
        await entry.Destroyed.CancelAsync().ConfigureAwait(false);

        // The copy loop reads the frames: they may go only after it.
        await entry.Transfer.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (entry.Watch is { } watch)
        {
            await watch.DisposeAsync().ConfigureAwait(false);
        }

        BestEffort(entry, "sethandle", () => hypervisor.SetHandle(entry.Domid, Handles.Ending(entry.Domid)));
        IReadOnlyList<DeviceAddress> present = [];
        if (entry.MayHaveDevices)
        {
            present = await devices.ListAsync(entry, cancel).ConfigureAwait(false);
            await devices.ReturnPciAsync(entry, cancel).ConfigureAwait(false);
        }

        if (hypervisor.Domain(entry.Domid) is not null)
        {
            await hypervisor.DestroyAsync(entry.Domid, cancel).ConfigureAwait(false);
        }

        reservations.RemoveOfDomain(entry.Domid);
        if (entry.MayHaveDevices)
        {
            await devices.RemoveAllAsync(entry, present, cancel).ConfigureAwait(false);
        }

        await RemoveTreeAsync(entry, cancel).ConfigureAwait(false);
        table.Remove(entry);
        entry.SignalChange();
    }

    /// <summary>Takes a half-made domain back. What cannot be is logged: the next process finds it by its handle.</summary>
    public async Task AbandonAsync(DomainEntry entry)
    {
        using CancellationTokenSource deadline = new(DomainLimits.CleanUp);
        try
        {
            await RunAsync(entry, deadline.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (error is HypervisorError or XenopsError or XenstoreError or OperationCanceledException)
        {
            Log.DestroyStepFailed(logger, entry.Domid, "take back", error.Message);
            table.Remove(entry);
        }
    }

    private Task RemoveTreeAsync(DomainEntry entry, CancellationToken cancel)
    {
        // Another domain of the VM may be the other half of a migration within this host.
        bool shared = table.All.Any(e => e != entry && e.VmId == entry.VmId);
        List<string> gone =
        [
            shared ? StorePaths.VmDomain(entry.VmId, entry.Domid) : StorePaths.Vm(entry.VmId),
            StorePaths.Domain(entry.Domid),
            StorePaths.Private(entry.Domid),
            StorePaths.Libxl(entry.Domid),
            StorePaths.Tasks(entry.Domid),
        ];
        if (entry.MayHaveDevices)
        {
            gone.Add(shared ? DevicePaths.HotplugRoot(entry.VmId, entry.Domid) : StorePaths.Xapi(entry.VmId));
        }

        return store.ApplyAsync(gone, [], cancel);
    }

    private void BestEffort(DomainEntry entry, string step, Action action)
    {
        try
        {
            action();
        }
        catch (Exception error) when (error is HypervisorError or XenopsError)
        {
            Log.DestroyStepFailed(logger, entry.Domid, step, error.Message);
        }
    }
}
