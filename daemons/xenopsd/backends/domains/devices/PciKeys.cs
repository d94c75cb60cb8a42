using System.Globalization;
using Toolstack.Xenopsd.Backends.Domains.Tree;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Backends.Domains.Devices;

/// <summary>The record of a domain's PCI devices in xenstore.</summary>
public static class PciKeys
{
    public const string DevicePrefix = "dev-";

    /// <summary>Beside the number of a function that carries a share of a graphics card.</summary>
    public const string CardPrefix = "vgpu-";

    public static string Root(int domid) => DevicePaths.Backends("pci", domid) + "/0";

    public static string Device(Pci pci, int domid)
    {
        ArgumentNullException.ThrowIfNull(pci);
        return Root(domid) + string.Create(CultureInfo.InvariantCulture, $"/{DevicePrefix}{pci.position}");
    }

    /// <param name="pci">The device.</param>
    /// <param name="domid">Whose it is.</param>
    /// <param name="card">It carries a share of a graphics card.</param>
    public static IReadOnlyList<StoreNode> Create(Pci pci, int domid, bool card)
    {
        ArgumentNullException.ThrowIfNull(pci);
        return
        [
            .. card ? [new StoreNode($"{Root(domid)}/{CardPrefix}{pci.position.ToString(CultureInfo.InvariantCulture)}", "1")] : Array.Empty<StoreNode>(),
            new(Device(pci, domid), pci.address.ToString()),
            new(Root(domid) + "/msitranslate", pci.msitranslate == true ? "1" : "0"),
            new(Root(domid) + "/power_mgmt", pci.power_mgmt == true ? "1" : "0"),
        ];
    }

    /// <summary>Whether one of the nodes under <see cref="Root"/> is a device that keeps its domain on this host. A function that carries a share of a graphics
    /// card does not: its state is the card's.</summary>
    public static bool Stays(IReadOnlyCollection<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        return names.Any(name => name.StartsWith(DevicePrefix, StringComparison.Ordinal) && !names.Contains(CardPrefix + name[DevicePrefix.Length..]));
    }

    /// <summary>Reads <c>0000:03:00.0</c>; null for anything else.</summary>
    public static PciAddress? Parse(string? text)
    {
        string[] parts = text?.Split(':', '.') ?? [];
        long[] numbers = new long[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            if (!long.TryParse(parts[i], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out numbers[i]))
            {
                return null;
            }
        }

        return numbers is [var domain, var bus, var dev, var fn] ? new PciAddress { domain = domain, bus = bus, dev = dev, fn = fn } : null;
    }
}
