using System.Collections.Immutable;
using Toolstack.XenSimulator.Contract;

namespace Toolstack.EndToEnd.Pool;

/// <summary>A test's own line to the simulated machine of a host, past all daemons: what it really runs, and faults to be had from it
/// (<see cref="FaultSyntax"/>). Raises <see cref="HypercallError"/> and <see cref="Toolstack.Interop.Linux.HypervisorError"/>.</summary>
public sealed class SimulatorControl : IDisposable
{
    private readonly HypercallConnection connection;
    private readonly HypercallsClient calls;

    private SimulatorControl(HypercallConnection connection)
    {
        this.connection = connection;
        calls = new HypercallsClient(connection);
    }

    public static SimulatorControl Open(PoolHost host)
    {
        ArgumentNullException.ThrowIfNull(host);
        return new SimulatorControl(HypercallConnection.Open(host.HypervisorSocket));
    }

    /// <summary>Every domain of the machine.</summary>
    public Task<ImmutableArray<DomainInfo>> DomainsAsync(CancellationToken cancellation) => calls.Domains(cancellation);

    /// <summary>The domain of a VM; null when the machine has none.</summary>
    public async Task<DomainInfo?> DomainOfAsync(string uuid, CancellationToken cancellation) =>
        (await calls.Domains(cancellation)).FirstOrDefault(domain => domain.handle == uuid);

    /// <summary>The guest powers itself off.</summary>
    public Task ShutDownAsync(long domid, CancellationToken cancellation) => calls.ShutDown(domid, 0, cancellation);

    public Task FaultAsync(string text, CancellationToken cancellation) => calls.Fault(text, cancellation);

    public Task ClearFaultsAsync(CancellationToken cancellation) => calls.ClearFaults(cancellation);

    public void Dispose() => connection.Dispose();
}
