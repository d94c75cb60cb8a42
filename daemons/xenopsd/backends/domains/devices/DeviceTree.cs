using System.Globalization;
using Toolstack.Interop.Xen.Xenstore;
using Toolstack.Xenopsd.Backends.Domains.Tree;

namespace Toolstack.Xenopsd.Backends.Domains.Devices;

/// <summary>The keys of one new device, by where they go; paths are relative.</summary>
public sealed record DeviceKeys(
    IReadOnlyList<KeyValuePair<string, string>> Frontend,
    IReadOnlyList<KeyValuePair<string, string>> Backend,
    IReadOnlyList<KeyValuePair<string, string>> Private,
    IReadOnlyList<KeyValuePair<string, string>> Extra);

/// <summary>The nodes of a device, whole: both ends, the toolstack's own record and what scripts and guest agents read.</summary>
public static class DeviceTree
{
    /// <summary>What an earlier device of that number may have left. The node of the hotplug scripts stays: they may be quicker.</summary>
    public static IReadOnlyList<string> Leftovers(DeviceAddress device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return [device.Frontend, device.Record, device.Backend];
    }

    public static IReadOnlyList<StoreNode> Create(DeviceAddress device, DeviceKeys keys)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(keys);
        int domid = device.Domid;
        int backend = device.BackendDomid;
        List<StoreNode> nodes =
        [
            new(device.Frontend, "", NodeAccess.End(domid, backend)),
            new(device.Record, "", NodeAccess.Private),
            new(device.Backend, "", NodeAccess.End(backend, domid)),
            new(device.Hotplug, "", new XenstorePermissions(backend)),
            new(device.Private, "", new XenstorePermissions(backend)),
            new(device.Extra, "", NodeAccess.GuestOwned(domid)),
        ];
        Add(nodes, device.Backend, keys.Backend);
        nodes.Add(new(device.Backend + "/frontend", device.Frontend));
        nodes.Add(new(device.Private + "/backend-kind", device.BackendKind));
        nodes.Add(new(device.Private + "/backend-id", backend.ToString(CultureInfo.InvariantCulture)));
        Add(nodes, device.Private, keys.Private);
        Add(nodes, device.Extra, keys.Extra);
        nodes.Add(new(device.Record + "/backend", device.Backend));

        // What points at the other end comes last: whoever follows it finds everything.
        Add(nodes, device.Frontend, keys.Frontend);
        nodes.Add(new(device.Frontend + "/backend", device.Backend));
        return nodes;
    }

    /// <summary>Everything of a device that is to be gone; <paramref name="shared"/>: another domain of the VM reads the private part.</summary>
    public static IReadOnlyList<string> Everything(DeviceAddress device, bool shared)
    {
        ArgumentNullException.ThrowIfNull(device);
        List<string> gone =
            [device.Frontend, device.Record, device.Backend, device.FrontendError, device.BackendError, device.Hotplug, device.Extra];
        if (!shared)
        {
            gone.Add(device.Private);
        }

        return gone;
    }

    private static void Add(List<StoreNode> nodes, string root, IReadOnlyList<KeyValuePair<string, string>> keys) =>
        nodes.AddRange(keys.Where(static k => StorePaths.IsName(k.Key)).Select(k => new StoreNode(root + "/" + k.Key, k.Value)));
}
