using Microsoft.Extensions.Logging;
using Toolstack.Interop.Linux;
using Toolstack.Interop.Xen.Xenstore;
using Toolstack.Xenopsd.Backends.Domains.Tree;

namespace Toolstack.Xenopsd.Backends.Domains.Watching;

/// <summary>Hears of domains that end (xenstore: <c>@releaseDomain</c>, which names none: all are looked at).</summary>
internal sealed class HostWatch : IAsyncDisposable
{
    /// <summary>Pause before another look when the hypervisor did not answer: a simulated machine serves xenstore before it serves that.</summary>
    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(200);

    private readonly CancellationTokenSource stopping = new();
    private readonly IHypervisor hypervisor;
    private readonly DomainTable table;
    private readonly IDomainObserver observer;
    private readonly ILogger logger;
    private readonly XenstoreWatch released;
    private readonly Task running;

    private HostWatch(IHypervisor hypervisor, DomainTable table, IDomainObserver observer, ILogger logger, XenstoreWatch released)
    {
        this.hypervisor = hypervisor;
        this.table = table;
        this.observer = observer;
        this.logger = logger;
        this.released = released;
        running = RunAsync();
    }

    public static async Task<HostWatch> StartAsync(
        IHypervisor hypervisor, XenstoreClient store, DomainTable table, IDomainObserver observer, ILogger logger, CancellationToken cancel) =>
        new(hypervisor, table, observer, logger, await store.WatchAsync(StorePaths.Released, cancel).ConfigureAwait(false));

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync().ConfigureAwait(false);
        await released.DisposeAsync().ConfigureAwait(false);
        await running.ConfigureAwait(false);
        stopping.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            while (await released.Events.WaitToReadAsync().ConfigureAwait(false))
            {
                while (released.Events.TryRead(out _))
                {
                    // Several ends are one look.
                }

                while (!Look())
                {
                    await Task.Delay(Again, stopping.Token).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Nobody wants to hear it any more.
        }
        catch (XenstoreError error)
        {
            Log.WatchFailed(logger, StorePaths.Released, error.Message);
        }
    }

    /// <summary>False when the hypervisor did not answer.</summary>
    private bool Look()
    {
        try
        {
            var domains = hypervisor.Domains().ToDictionary(static d => d.Domid);
            foreach (var entry in table.All)
            {
                bool gone = !domains.TryGetValue(entry.Domid, out var domain) || domain.Dying || !entry.Is(domain);
                int? code = gone ? -1 : domain!.ShutdownCode;
                bool beingRemoved = entry.Removal.CurrentCount == 0;
                if (beingRemoved || code == entry.SeenShutdown)
                {
                    continue;
                }

                entry.SeenShutdown = code;
                entry.SignalChange();
                observer.DomainChanged(entry);
            }

            return true;
        }
        catch (HypervisorError error)
        {
            Log.WatchFailed(logger, StorePaths.Released, error.Message);
            return false;
        }
    }
}
