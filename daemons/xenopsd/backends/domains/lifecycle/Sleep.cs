using Toolstack.Interop.Xen.Xenstore;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Backends.Domains.LifeCycle;

/// <summary>Guests that are suspended to their own memory (ACPI S3): the domain stays as it is and its vCPUs stand still.</summary>
internal sealed class Sleep(IHypervisor hypervisor, ShutdownRequests requests, DomainOptions options)
{
    private const string Word = "s3";
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    /// <summary>XenopsError Failed_to_acknowledge_suspend_request and Failed_to_suspend; Unimplemented where guests have no such state.</summary>
    public async Task SuspendAsync(DomainEntry entry, CancellationToken cancel)
    {
        if (hypervisor.IsAsleep(entry.Domid))
        {
            return;
        }

        if (!await requests.RequestAsync(entry, Word, options.SuspendAckTimeout, cancel).ConfigureAwait(false))
        {
            throw new XenopsError(new XenopsErrorValue.Failed_to_acknowledge_suspend_request());
        }

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel, entry.Destroyed.Token);
        deadline.CancelAfter(options.SuspendTimeout);
        try
        {
            // Nothing tells of it: it is no shutdown.
            while (!hypervisor.IsAsleep(entry.Domid))
            {
                await Task.Delay(Look, deadline.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new XenopsError(new XenopsErrorValue.Failed_to_suspend(entry.VmId, options.SuspendTimeout.TotalSeconds));
        }
    }

    /// <summary>Nothing for a guest that is awake.</summary>
    public void Wake(DomainEntry entry)
    {
        if (hypervisor.IsAsleep(entry.Domid))
        {
            hypervisor.Wake(entry.Domid);
        }
    }
}
