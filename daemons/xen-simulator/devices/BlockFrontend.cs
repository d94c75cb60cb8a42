using System.Globalization;
using Toolstack.Interop.Xen.Xenstore;

namespace Toolstack.XenSimulator.Devices;

/// <summary>A block front end, and the guest program that uses the disk while it is connected: it writes its record and reads it back.</summary>
internal sealed class BlockFrontend(XenstoreClient store, IDeviceGuest guest, DeviceFaults faults, GrantTables grants, int id)
    : FrontendDevice(store, guest, faults, "vbd", id)
{
    private const int ReadOnlyFlag = 4;

    private readonly Lock gate = new();
    private BlockRing? ring;
    private int reference;
    private DiskProgram? program;

    protected override (XenbusState State, IReadOnlyList<(string Name, string Value)> Values) Offer()
    {
        Disconnect();
        var offered = new BlockRing();
        lock (gate)
        {
            ring = offered;
            reference = grants.Grant(Guest.Domid, offered);
        }

        return (XenbusState.Initialised,
        [
            ("ring-ref", reference.ToString(CultureInfo.InvariantCulture)), ("event-channel", "8"), ("protocol", "x86_64-abi"),
            ("feature-persistent", "1"),
        ]);
    }

    protected override async Task ConnectedAsync(string host, XenstoreClient connection, CancellationToken cancel)
    {
        var read = await Task.WhenAll(connection.ReadAsync(host + "/sectors", cancel), connection.ReadAsync(host + "/info", cancel)).ConfigureAwait(false);
        _ = long.TryParse(read[0], NumberStyles.None, CultureInfo.InvariantCulture, out var sectors);
        _ = int.TryParse(read[1], NumberStyles.None, CultureInfo.InvariantCulture, out var info);
        DiskProgram? before;
        lock (gate)
        {
            if (ring is null || program?.Sectors == sectors)
            {
                return;
            }

            before = program;
            program = new DiskProgram(Guest, ring, Id, sectors, (info & ReadOnlyFlag) == 0);
        }

        before?.Stop();
        program.Start(cancel);
    }

    protected override void Disconnect()
    {
        lock (gate)
        {
            program?.Stop();
            program = null;
            if (ring is not null)
            {
                grants.Revoke(Guest.Domid, reference);
                ring.Close();
                ring = null;
            }
        }
    }
}
