using Toolstack.Interop.Xen.Xenstore;

namespace Toolstack.XenSimulator.Devices;

/// <summary>A network front end: offers its rings and is connected. No packets are moved.</summary>
internal sealed class NetworkFrontend(XenstoreClient store, IDeviceGuest guest, DeviceFaults faults, int id)
    : FrontendDevice(store, guest, faults, "vif", id)
{
    protected override (XenbusState State, IReadOnlyList<(string Name, string Value)> Values) Offer() => (XenbusState.Connected,
    [
        ("tx-ring-ref", "768"), ("rx-ring-ref", "769"), ("event-channel", "9"), ("request-rx-copy", "1"), ("feature-rx-notify", "1"),
        ("feature-sg", "1"), ("feature-gso-tcpv4", "1"), ("feature-ipv6-csum-offload", "1"),
    ]);

    protected override Task ConnectedAsync(string host, XenstoreClient connection, CancellationToken cancel) => Task.CompletedTask;

    protected override void Disconnect()
    {
        // Nothing is held: there are no packets.
    }
}
