using Toolstack.Interop.Xen.Xenstore;
using Toolstack.XenSimulator.Host;

namespace Toolstack.XenSimulator.GuestOs;

/// <summary>The device front ends of the simulated guests.</summary>
internal interface IGuestFrontends
{
    /// <summary>Serves the devices of one guest over its own connection until it is cancelled. Begins when the guest runs for the first
    /// time, and anew in the new domain after a restore. <see cref="XenstoreError"/> ends the guest's devices, nothing else of it.</summary>
    Task RunAsync(SimulatedDomain domain, XenstoreClient store, CancellationToken cancel);
}
