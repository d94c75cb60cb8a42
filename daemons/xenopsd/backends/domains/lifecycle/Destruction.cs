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
    /// <summary>Nothing for a domain that somebody else has removed meanwhile. One that still lives after a failure is the VM's again, so that whoever
    /// looks at it next tries once more.</summary>
    public async Task RunAsync(DomainEntry entry, CancellationToken cancel)
    {
        await entry.Removal.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            if (!entry.Removed)
            {
                await RemoveAsync(entry, cancel).ConfigureAwait(false);
                entry.Removed = true;
            }
        }
        finally
        {
            entry.Removal.Release();
        }
    }

    private async Task RemoveAsync(DomainEntry entry, CancellationToken cancel)
    {
        entry.Ending = true;
        IReadOnlyList<DeviceAddress> present;
        bool lived;
        try
        {
            (present, lived) = await EndAsync(entry, cancel).ConfigureAwait(false);
        }
        catch
        {
            entry.Ending = false;
            throw;
        }

        // Xen gives a domid away again when all the others have been.
        bool taken = !lived && hypervisor.Domain(entry.Domid) is { } other && !entry.Is(other);
        reservations.RemoveOfDomain(entry.Domid);
        if (entry.MayHaveDevices)
        {
            await devices.RemoveAllAsync(entry, present, taken, cancel).ConfigureAwait(false);
        }

        await RemoveTreeAsync(entry, taken, cancel).ConfigureAwait(false);
        table.Remove(entry);
        entry.SignalChange();
    }

    /// <summary>The domain itself. Returns the devices it had, and whether it was there.</summary>
    private async Task<(IReadOnlyList<DeviceAddress> Present, bool Lived)> EndAsync(DomainEntry entry, CancellationToken cancel)
    {
        await entry.Destroyed.CancelAsync().ConfigureAwait(false);

        // The copy loop reads the frames: they may go only after it.
        await entry.Transfer.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (entry.Watch is { } watch)
        {
            await watch.DisposeAsync().ConfigureAwait(false);
        }

        bool lives = hypervisor.Own(entry) is not null;
        if (lives)
        {
            BestEffort(entry, "sethandle", () => Mark(entry, Handles.Ending(entry.Domid)));
        }

        IReadOnlyList<DeviceAddress> present = [];
        if (entry.MayHaveDevices)
        {
            present = await devices.ListAsync(entry, cancel).ConfigureAwait(false);
        }

        if (lives)
        {
            if (entry.MayHaveDevices)
            {
                await devices.ReturnPciAsync(entry, cancel).ConfigureAwait(false);
            }

            await hypervisor.DestroyAsync(entry.Domid, cancel).ConfigureAwait(false);
        }

        return (present, lives);
    }

    private void Mark(DomainEntry entry, Guid handle)
    {
        entry.ExpectHandle(handle);
        hypervisor.SetHandle(entry.Domid, handle);
        entry.Handle = handle;
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

    /// <param name="entry">The domain that is gone.</param>
    /// <param name="taken">Its domid is another domain's by now, and so is what stands under that number for everybody.</param>
    /// <param name="cancel">Ends the wait.</param>
    private Task RemoveTreeAsync(DomainEntry entry, bool taken, CancellationToken cancel)
    {
        // Another domain of the VM may be the other half of a migration within this host.
        bool shared = table.All.Any(e => e != entry && e.VmId == entry.VmId);
        List<string> gone =
        [
            shared ? StorePaths.VmDomain(entry.VmId, entry.Domid) : StorePaths.Vm(entry.VmId),
            StorePaths.Private(entry.Domid),
            StorePaths.Tasks(entry.Domid),
            .. taken ? (string[])[] : [StorePaths.Domain(entry.Domid), StorePaths.Libxl(entry.Domid)],
        ];
        if (entry.MayHaveDevices)
        {
            gone.Add(shared ? DevicePaths.HotplugRoot(entry.VmId, entry.Domid) : StorePaths.Xapi(entry.VmId));
        }

        return store.RemoveAllAsync(gone, cancel);
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
