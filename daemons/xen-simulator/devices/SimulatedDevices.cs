using Microsoft.Extensions.Logging;
using Toolstack.Interop.Xen.Xenstore;
using Toolstack.XenSimulator.GuestOs;
using Toolstack.XenSimulator.Host;
using Toolstack.XenSimulator.Xenstore;

namespace Toolstack.XenSimulator.Devices;

/// <summary>Everything about devices on one simulated host: the drivers of domain 0, which run from construction to disposal, and those
/// of each guest.</summary>
internal sealed class SimulatedDevices : IGuestFrontends, IAsyncDisposable
{
    private readonly GrantTables grants = new();
    private readonly CancellationTokenSource stop = new();
    private readonly XenstoreClient store;
    private readonly ILogger logger;
    private readonly Task serving;

    internal SimulatedDevices(XenstoreServer server, ILogger logger)
    {
        this.logger = logger;
        store = XenstoreClient.Attach(server.Connect(), "back ends", logger);
        serving = ServeAsync();
    }

    internal DeviceFaults Faults { get; } = new();

    public Task RunAsync(SimulatedDomain domain, XenstoreClient store, CancellationToken cancel) =>
        new Frontends(store, new DomainGuest(domain), grants, Faults, logger).RunAsync(cancel);

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync().ConfigureAwait(false);
        await serving.ConfigureAwait(false);
        await store.DisposeAsync().ConfigureAwait(false);
        stop.Dispose();
    }

    /// <summary>Owns the drivers of domain 0: without xenstore there are none.</summary>
    private async Task ServeAsync()
    {
        try
        {
            await new Backends(store, grants, logger).RunAsync(stop.Token).ConfigureAwait(false);
        }
        catch (XenstoreError error)
        {
            Log.DeviceFailed(logger, "back ends", error.Message);
        }
        catch (OperationCanceledException)
        {
            // The host ends.
        }
    }

    private sealed class DomainGuest(SimulatedDomain domain) : IDeviceGuest
    {
        public int Domid => domain.Domid;

        public Task UntilRunningAsync(CancellationToken cancel) => domain.UntilRunningAsync(cancel);

        public void Print(string line) => domain.Console.WriteLine(line);
    }
}
