using Toolstack.Interop.Linux;

namespace Toolstack.Interop.Xen.Events;

/// <summary>
/// Hears of a domain's suspension from Xen itself, the moment it happens; xenstore tells of it later, when its server has looked at every domain.
/// The guest knows nothing of it: the port in it is made for this. For one thread. Raises <see cref="HypervisorError"/>.
/// </summary>
/// <remarks>Nobody but the domain can close a port of it, so a guest that goes on afterwards keeps one unbound port for each signal.</remarks>
public sealed class SuspendSignal : IDisposable
{
    private readonly XenHost xen;
    private readonly int domid;
    private readonly EventChannel channel;

    private SuspendSignal(XenHost xen, int domid, EventChannel channel)
    {
        this.xen = xen;
        this.domid = domid;
        this.channel = channel;
    }

    internal static SuspendSignal Open(XenHost xen, int domid)
    {
        var port = xen.AllocatePort(domid, remoteDomid: 0);
        var channel = EventChannel.Bind(domid, (uint)port);
        try
        {
            xen.Subscribe(domid, (uint)port);
            return new SuspendSignal(xen, domid, channel);
        }
        catch
        {
            channel.Dispose();
            throw;
        }
    }

    /// <summary>Waits for the suspension; false when it did not come in time. There may be false alarms: ask for the domain's state.</summary>
    public bool Wait(TimeSpan timeout) => channel.Wait(timeout);

    public void Dispose()
    {
        try
        {
            xen.Subscribe(domid, 0);
        }
        catch (HypervisorError)
        {
            // The domain is gone, and its subscription with it.
        }

        channel.Dispose();
    }
}
