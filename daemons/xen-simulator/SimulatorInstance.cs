using Microsoft.Extensions.Logging;
using Toolstack.Hosting;
using Toolstack.Interop.Xen.Xenstore;
using Toolstack.XenSimulator.GuestOs;
using Toolstack.XenSimulator.Host;
using Toolstack.XenSimulator.Hypercalls;
using Toolstack.XenSimulator.Xenstore;

namespace Toolstack.XenSimulator;

/// <summary>One simulated host with everything that belongs to it. It serves from construction to disposal; raises
/// <see cref="ConfigurationException"/> when a socket cannot be had.</summary>
internal sealed class SimulatorInstance : IAsyncDisposable, IFaultTargets, IGuestFrontends
{
    private readonly SimulatedHost host;
    private readonly XenstoreServer store;
    private readonly Guests guests;
    private readonly HypercallServer server;
    private readonly CancellationTokenSource stop = new();
    private readonly Task serving;

    public SimulatorInstance(string hypervisorPath, HostOptions options, ILogger logger)
    {
        host = new SimulatedHost(options);
        store = new XenstoreServer(logger, domid => host.Find(domid) is not null);
        guests = new Guests(host, store, this, logger);
        server = new HypercallServer(hypervisorPath, host, new FaultTable(), this, logger);
        if (UnixSocketFile.IsServed(options.XenstorePath))
        {
            throw new ConfigurationException($"{options.XenstorePath}: another process listens there");
        }

        server.Listen();
        store.Listen(options.XenstorePath);
        serving = server.RunAsync(stop.Token);
    }

    public void HangGuest(SimulatedDomain domain) => guests.Hang(domain);

    public void RefuseCommits(int count) => store.RefuseCommits(count);

    /// <summary>Guests have no devices yet.</summary>
    Task IGuestFrontends.RunAsync(SimulatedDomain domain, XenstoreClient store, CancellationToken cancel) => Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync().ConfigureAwait(false);
        await serving.ConfigureAwait(false);
        server.Dispose();
        guests.Dispose();
        host.Dispose();
        await store.DisposeAsync().ConfigureAwait(false);
        File.Delete(host.Options.XenstorePath);
        stop.Dispose();
    }
}
