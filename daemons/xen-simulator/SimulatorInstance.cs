using Microsoft.Extensions.Logging;
using Toolstack.Hosting;
using Toolstack.XenSimulator.Devices;
using Toolstack.XenSimulator.GuestOs;
using Toolstack.XenSimulator.Host;
using Toolstack.XenSimulator.Hypercalls;
using Toolstack.XenSimulator.Xenstore;

namespace Toolstack.XenSimulator;

/// <summary>One simulated host with everything that belongs to it. It serves from construction to disposal; raises
/// <see cref="ConfigurationException"/> when a socket cannot be had.</summary>
internal sealed class SimulatorInstance : IAsyncDisposable, IFaultTargets
{
    private readonly SimulatedHost host;
    private readonly XenstoreServer store;
    private readonly SimulatedDevices devices;
    private readonly Guests guests;
    private readonly HypercallServer server;
    private readonly CancellationTokenSource stop = new();
    private readonly Task serving;

    public SimulatorInstance(string hypervisorPath, HostOptions options, ILogger logger)
    {
        host = new SimulatedHost(options);
        store = new XenstoreServer(logger, domid => host.Find(domid) is not null);
        devices = new SimulatedDevices(host, store, logger);
        guests = new Guests(host, store, devices, logger);
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

    public void HangDevice(int domid, string kind, int id) => devices.Faults.Hang(domid, kind, id);

    public void RefuseDetach(int domid, string kind, int id) => devices.Faults.Refuse(domid, kind, id);

    public void ClearFaults() => devices.Faults.Clear();

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync().ConfigureAwait(false);
        await serving.ConfigureAwait(false);
        server.Dispose();
        guests.Dispose();
        await devices.DisposeAsync().ConfigureAwait(false);
        host.Dispose();
        await store.DisposeAsync().ConfigureAwait(false);
        File.Delete(host.Options.XenstorePath);
        stop.Dispose();
    }
}
