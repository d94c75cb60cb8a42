using Microsoft.Extensions.Logging;
using Toolstack.Interop.Xen.Xenstore;
using Toolstack.XenSimulator.GuestOs;
using Toolstack.XenSimulator.Host;
using Toolstack.XenSimulator.Xenstore;

namespace Toolstack.XenSimulator.Devices;

/// <summary>Everything about devices on one simulated host: drivers and console daemon of domain 0, which run from construction to
/// disposal, and the drivers of each guest. Text of consoles goes to the directory <c>console</c> beside xenstore's socket.</summary>
internal sealed class SimulatedDevices : IGuestFrontends, IAsyncDisposable
{
    private readonly GrantTables grants = new();
    private readonly CancellationTokenSource stop = new();
    private readonly XenstoreClient store;
    private readonly ILogger logger;
    private readonly Task serving;
    private readonly string consoles;

    internal SimulatedDevices(SimulatedHost host, XenstoreServer server, ILogger logger)
    {
        this.logger = logger;
        consoles = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(host.Options.XenstorePath))!, "console");
        store = XenstoreClient.Attach(server.Connect(), "back ends", logger);
        serving = Task.WhenAll(
            ServeAsync("back ends", new Backends(store, grants, logger).RunAsync),
            ServeAsync("consoles", new ConsoleDaemon(host, store, consoles, logger).RunAsync));
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

    /// <summary>Owns a service of domain 0: without xenstore there is none.</summary>
    private async Task ServeAsync(string name, Func<CancellationToken, Task> service)
    {
        try
        {
            await service(stop.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (error is XenstoreError or IOException or UnauthorizedAccessException)
        {
            Log.DeviceFailed(logger, name, error.Message);
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
