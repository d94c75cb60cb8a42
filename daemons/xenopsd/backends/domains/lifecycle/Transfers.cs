using Toolstack.Xenopsd.Backends.Domains.Memory;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Migration.Channels;
using Toolstack.Xenopsd.Migration.Stream;

namespace Toolstack.Xenopsd.Backends.Domains.LifeCycle;

/// <summary>Guests out of domains and into them, each copy on a thread of its own. One copy of a domain at a time; a destroy ends it.</summary>
internal sealed class Transfers(IHypervisor hypervisor, DomainOptions options, ShutdownRequests shutdown, Building building, Reservations reservations)
{
    public Task<SaveStatistics> SaveAsync(
        DomainEntry entry, SaveOptions save, IDataChannel data, Func<CancellationToken, Task> beforeSuspend, IProgress<double> progress, CancellationToken cancel)
    {
        if (!entry.Built)
        {
            throw new XenopsError(new XenopsErrorValue.Domain_not_built());
        }

        string description = $"((id {Sexp.Quote(entry.VmId)})(name {Sexp.Quote(entry.Name)}))";
        return OfDomainAsync(entry, token => TransferThread.RunAsync("save", () =>
        {
            using var source = hypervisor.OpenSource(entry.Domid, description, () => Suspend(entry));
            return SaveEngine.Run(source, data, save, beforeSuspend, progress, token);
        }), cancel);
    }

    public Task<RestoreStatistics> RestoreAsync(DomainEntry entry, IDataChannel data, IProgress<double> progress, CancellationToken cancel)
    {
        Building.RequireEmpty(entry);
        return OfDomainAsync(entry, token => FillAsync(entry, data, progress, token), cancel);
    }

    private async Task<RestoreStatistics> FillAsync(DomainEntry entry, IDataChannel data, IProgress<double> progress, CancellationToken cancel)
    {
        var (storePort, consolePort) = building.AllocatePorts(entry);
        try
        {
            await building.PrepareAsync(entry, storePort, consolePort, cancel).ConfigureAwait(false);
            GuestRings? rings = null;
            var statistics = await TransferThread.RunAsync("restore", () =>
            {
                using var target = hypervisor.OpenTarget(entry.Domid, storePort, consolePort);
                var done = RestoreEngine.Run(target, data, progress, cancel);
                rings = target.Rings;
                return done;
            }).ConfigureAwait(false);
            await building.CompletePreparedAsync(entry, storePort, consolePort, rings!, cancel).ConfigureAwait(false);
            return statistics;
        }
        finally
        {
            reservations.RemoveOfDomain(entry.Domid);
        }
    }

    /// <summary>Called on the copy's own thread, which has nothing else to do; the limits are the two timeouts.</summary>
    private void Suspend(DomainEntry entry)
    {
        if (ShutdownRequests.ReasonOf(hypervisor.Own(entry)) == ShutdownReason.Suspend)
        {
            return;
        }

        using var signal = hypervisor.OpenSuspendSignal(entry.Domid);
        if (signal is not null)
        {
            shutdown.Suspend(entry, signal, options.SuspendAckTimeout, options.SuspendTimeout);
            return;
        }

        string word = ShutdownRequests.Word(ShutdownReason.Suspend);
        if (!shutdown.RequestAsync(entry, word, options.SuspendAckTimeout, CancellationToken.None).GetAwaiter().GetResult())
        {
            throw new XenopsError(new XenopsErrorValue.Failed_to_acknowledge_suspend_request());
        }

        if (!shutdown.WaitAsync(entry, ShutdownReason.Suspend, options.SuspendTimeout, CancellationToken.None).GetAwaiter().GetResult())
        {
            throw new XenopsError(new XenopsErrorValue.Failed_to_suspend(entry.VmId, options.SuspendTimeout.TotalSeconds));
        }
    }

    /// <summary>All that is done for one copy, of the domain's tree too: a destroy ends it, and begins when nothing of it is left to come.</summary>
    private static async Task<T> OfDomainAsync<T>(DomainEntry entry, Func<CancellationToken, Task<T>> copy, CancellationToken cancel)
    {
        if (!entry.Transfer.IsCompleted)
        {
            throw XenopsError.Internal($"domain {entry.Domid} is being copied already");
        }

        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        entry.Transfer = ended.Task;
        try
        {
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancel, entry.Destroyed.Token);
            return await copy(linked.Token).ConfigureAwait(false);
        }
        finally
        {
            ended.SetResult();
        }
    }
}
