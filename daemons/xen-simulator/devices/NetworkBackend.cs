using Toolstack.Interop.Xen.Xenstore;

namespace Toolstack.XenSimulator.Devices;

/// <summary>A network back end. Its interface is there from state 2; it connects when the script that plugs the interface into the host's
/// network has said <c>hotplug-status=connected</c>. No packets are moved.</summary>
internal sealed class NetworkBackend(XenstoreClient store, string path, int domid, int id) : BackendDevice(store, path, domid, id)
{
    private string vmUuid = "";

    protected override IReadOnlyList<(string Name, string Value)> Features { get; } =
    [
        ("feature-sg", "1"), ("feature-gso-tcpv4", "1"), ("feature-gso-tcpv6", "1"), ("feature-ipv6-csum-offload", "1"), ("feature-rx-copy", "1"),
        ("feature-multicast-control", "1"), ("multi-queue-max-queues", "1"), ("feature-ctrl-ring", "1"),
    ];

    protected override IReadOnlyList<string> GoneAfterGuestClosed =>
        vmUuid.Length > 0 ? ["hotplug-status", $"/xapi/{vmUuid}/hotplug/{Domid}/vif/{Id}/hotplug"] : ["hotplug-status"];

    protected override async Task<bool> PrepareAsync(Keys keys, CancellationToken cancel)
    {
        if (vmUuid.Length == 0)
        {
            vmUuid = (await Store.ReadAsync($"/local/domain/{Domid}/vm", cancel).ConfigureAwait(false))?.Split('/')[^1] ?? "";
        }

        return keys.Ready;
    }

    protected override async Task<IReadOnlyList<(string Name, string Value)>?> ConnectAsync(CancellationToken cancel) =>
        await Store.ReadAsync(Frontend + "/tx-ring-ref", cancel).ConfigureAwait(false) is null ? null : [];

    protected override void Disconnect()
    {
        // Nothing is held: there are no packets.
    }
}
