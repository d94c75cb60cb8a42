using System.Diagnostics;
using Toolstack.Interop.Xen;
using Toolstack.Interop.Xen.Events;
using Toolstack.Interop.Xen.Xenstore;
using Toolstack.Xenopsd.Backends.Domains.Tree;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Backends.Domains.LifeCycle;

/// <summary>Xen's codes beyond <see cref="ShutdownReason"/>: a guest whose watchdog ran out, and one that has another kernel in its memory.</summary>
internal enum DomainShutdown { Watchdog = 4, SoftReset = 5 }

/// <summary>Asks guests to end or to suspend, and waits for what they do (xenstore: <c>control/shutdown</c>; the guest empties the node).</summary>
internal sealed class ShutdownRequests(IHypervisor hypervisor, XenstoreClient store)
{
    /// <summary>False when the guest did not acknowledge in time; the request is withdrawn then, so that it does not act on it later.</summary>
    public async Task<bool> RequestAsync(DomainEntry entry, string request, TimeSpan timeout, CancellationToken cancel)
    {
        string path = StorePaths.Domain(entry.Domid, StoreKeys.Shutdown);
        await store.WriteAsync(path, request, cancel).ConfigureAwait(false);
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancel, entry.Destroyed.Token);
        try
        {
            if (await store.WaitUntilAsync([path], async token => await store.ReadAsync(path, token).ConfigureAwait(false) is null or "", timeout, waiting.Token)
                .ConfigureAwait(false))
            {
                return true;
            }
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return false;
        }
        catch (OperationCanceledException)
        {
            await WithdrawAsync(path, request).ConfigureAwait(false);
            throw;
        }

        return !await WithdrawAsync(path, request).ConfigureAwait(false);
    }

    /// <summary>Asks the guest to suspend and waits for the signal, on the caller's thread: xenstore is left alone until then, for its server
    /// takes the guest's time. Raises XenopsError when the guest does not take the request, or does not follow it.</summary>
    public void Suspend(DomainEntry entry, SuspendSignal signal, TimeSpan ackTimeout, TimeSpan timeout)
    {
        string path = StorePaths.Domain(entry.Domid, StoreKeys.Shutdown);
        string word = Word(ShutdownReason.Suspend);
        store.WriteAsync(path, word, CancellationToken.None).GetAwaiter().GetResult();
        var start = Stopwatch.GetTimestamp();
        bool taken = false;
        while (true)
        {
            var domain = hypervisor.Own(entry);
            var waited = Stopwatch.GetElapsedTime(start);
            if (ReasonOf(domain) == ShutdownReason.Suspend)
            {
                return;
            }

            if (domain is not { Dying: false, ShutdownCode: null } || waited > ackTimeout + timeout)
            {
                throw new XenopsError(new XenopsErrorValue.Failed_to_suspend(entry.VmId, timeout.TotalSeconds));
            }

            if (!taken && waited > ackTimeout)
            {
                taken = !WithdrawAsync(path, word).GetAwaiter().GetResult();
                if (!taken)
                {
                    throw new XenopsError(new XenopsErrorValue.Failed_to_acknowledge_suspend_request());
                }
            }

            // A guest that ends otherwise gives no signal.
            signal.Wait(DomainLimits.SuspendLook);
        }
    }

    /// <summary>Waits until the domain is shut down; false when the time is over, or it ended for another reason.</summary>
    public async Task<bool> WaitAsync(DomainEntry entry, ShutdownReason reason, TimeSpan timeout, CancellationToken cancel)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel, entry.Destroyed.Token);
        deadline.CancelAfter(timeout);
        while (true)
        {
            var next = entry.NextChange;
            if (ReasonOf(hypervisor.Own(entry)) is { } ended)
            {
                return ended == reason;
            }

            try
            {
                await next.WaitAsync(deadline.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                return ReasonOf(hypervisor.Own(entry)) == reason;
            }
        }
    }

    /// <summary>The word for a reason; XenopsError Unimplemented for one that cannot be asked for.</summary>
    public static string Word(ShutdownReason reason) => reason switch
    {
        ShutdownReason.Poweroff => "poweroff",
        ShutdownReason.Reboot => "reboot",
        ShutdownReason.Suspend => "suspend",
        _ => throw new XenopsError(new XenopsErrorValue.Unimplemented($"asking a guest for {reason}")),
    };

    /// <summary>How a domain ended; null while it lives, or is not there. A watchdog restarts the guest, as the soft reset does.</summary>
    public static ShutdownReason? ReasonOf(XenDomain? domain) => domain?.ShutdownCode switch
    {
        null => null,
        >= 0 and < (int)DomainShutdown.Watchdog => (ShutdownReason)domain.ShutdownCode.Value,
        _ => ShutdownReason.Reboot,
    };

    /// <summary>False when the guest took the request at the last moment.</summary>
    private Task<bool> WithdrawAsync(string path, string request) => store.TransactionAsync(
        async transaction =>
        {
            if (await transaction.ReadAsync(path, CancellationToken.None).ConfigureAwait(false) != request)
            {
                return false;
            }

            transaction.Remove(path);
            return true;
        },
        CancellationToken.None);
}
