using Microsoft.Extensions.Logging;
using Toolstack.XenSimulator.Host;
using Toolstack.XenSimulator.Hypercalls;

namespace Toolstack.XenSimulator;

/// <summary>One simulated host with everything that belongs to it. It serves from construction to disposal; raises
/// <see cref="Hosting.ConfigurationException"/> when a socket cannot be had.</summary>
internal sealed class SimulatorInstance : IAsyncDisposable, IFaultTargets
{
    private readonly SimulatedHost host;
    private readonly HypercallServer server;
    private readonly CancellationTokenSource stop = new();
    private readonly Task serving;

    public SimulatorInstance(string hypervisorPath, HostOptions options, ILogger logger)
    {
        host = new SimulatedHost(options);
        server = new HypercallServer(hypervisorPath, host, new FaultTable(), this, logger);
        server.Listen();
        serving = server.RunAsync(stop.Token);
    }

    public void HangGuest(SimulatedDomain domain) => throw new NotSupportedException();

    public void RefuseCommits(int count) => throw new NotSupportedException();

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync().ConfigureAwait(false);
        await serving.ConfigureAwait(false);
        server.Dispose();
        host.Dispose();
        stop.Dispose();
    }
}
