using System.Globalization;
using Toolstack.Interop.Xen.Xenstore;
using Toolstack.Xenopsd.Backends.Domains.Tree;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Backends.Domains.Devices;

/// <summary>
/// The PCI devices of PV guests (xenbus protocol of pciback and pcifront). All of a guest's are one device of xenbus: a bus that the two drivers share, on
/// which each function has a number. A function that comes to a connected bus makes both drivers look at it anew (Reconfiguring), and it is there when
/// they are connected again; before the guest runs there is nobody to wait for.
/// </summary>
internal sealed class PciBus(XenstoreClient store, DomainOptions options)
{
    private const string Kind = "pci";
    private const string Functions = "num_devs";

    /// <summary>Puts a function on the bus. XenopsError Internal_error when the guest does not take it in time.</summary>
    public async Task AddAsync(DomainEntry entry, Pci pci, CancellationToken cancel)
    {
        DeviceAddress bus = new(entry.VmId, entry.Domid, 0, Kind, Kind, 0);
        bool connected = await store.TransactionAsync(async transaction =>
        {
            string? state = await transaction.ReadAsync(bus.BackendState, cancel).ConfigureAwait(false);
            string? functions = await transaction.ReadAsync($"{bus.Backend}/{Functions}", cancel).ConfigureAwait(false);
            int count = int.TryParse(functions, NumberStyles.None, CultureInfo.InvariantCulture, out int known) ? known : 0;
            if (state is null)
            {
                transaction.Apply(DeviceTree.Leftovers(bus), DeviceTree.Create(bus, Keys(entry.Domid)));
            }

            transaction.Apply([], Function(bus, pci, count));
            if (state == XenbusState.Connected)
            {
                transaction.Write(bus.BackendState, XenbusState.Reconfiguring);
            }

            return state == XenbusState.Connected;
        }, cancel).ConfigureAwait(false);
        if (connected && !await store.WaitUntilAsync(
            [bus.BackendState],
            async token => await store.ReadAsync(bus.BackendState, token).ConfigureAwait(false) == XenbusState.Connected,
            options.HotplugTimeout,
            cancel).ConfigureAwait(false))
        {
            throw XenopsError.Internal($"domain {entry.Domid} did not take PCI device {pci.address} within {options.HotplugTimeout.TotalSeconds:0} s");
        }
    }

    private static DeviceKeys Keys(int domid) => new(
        [new("backend-id", "0"), new("state", XenbusState.Initialising)],
        [new("frontend-id", Number(domid)), new("online", "1"), new("state", XenbusState.Initialising)],
        [],
        []);

    private static IReadOnlyList<StoreNode> Function(DeviceAddress bus, Pci pci, int number)
    {
        string address = pci.address.ToString();
        string settings = $"msitranslate={Flag(pci.msitranslate)},power_mgmt={Flag(pci.power_mgmt)},permissive=0";
        return
        [
            new($"{bus.Backend}/key-{Number(number)}", address),
            new($"{bus.Backend}/{PciKeys.DevicePrefix}{Number(number)}", address),
            new($"{bus.Backend}/opts-{Number(number)}", settings),
            new($"{bus.Backend}/state-{Number(number)}", XenbusState.Initialising),
            new($"{bus.Backend}/{Functions}", Number(number + 1)),
        ];
    }

    private static string Flag(bool? on) => on == true ? "1" : "0";

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
