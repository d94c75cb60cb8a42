using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Toolstack.Interop.Xen.Xenstore;
using Toolstack.Xenopsd.Backends.Domains.Tree;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Backends.Domains.Watching;

/// <summary>What a guest and its agent wrote, as VM.stat shows it. Directories, how deep they are read, and how much in all is bounded:
/// the guest decides what is in them.</summary>
internal static class GuestView
{
    private const string Hotfixes = "attr/os/hotfixes";
    private const int XsdataDepth = 4;

    private static readonly (string Directory, int Depth)[] Agent =
    [
        ("control", 0), ("feature/hotplug", 0), ("xenserver/attr", 3), ("attr", 3), ("drivers", 0), ("data", 0), ("data/service", 1), ("data/pvs_target", 0),
    ];

    private static readonly string[] Xsdata = ["vm-data", "FIST"];

    /// <summary>Where a change is a change of what is seen.</summary>
    public static IReadOnlyList<string> Directories { get; } = ["control/", "feature/", "xenserver/attr", "attr/", "drivers", "data/"];

    public static async Task<DomainObservations> ReadAsync(IXenstore store, DomainEntry entry, int quotaBytes, CancellationToken cancel)
    {
        string root = StorePaths.Domain(entry.Domid) + "/";
        Task<IReadOnlyList<IReadOnlyList<StoreNode>>> reading;
        Task<string?[]> single;
        using (store.Collect())
        {
            reading = StoreReading.TreesAsync(store,
                [.. Agent.Select(part => (root + part.Directory, part.Depth + 1)), .. Xsdata.Select(directory => (root + directory, XsdataDepth))],
                withAccess: false, cancel);
            single = store.ReadAllAsync(
                [root + "console/vnc-port", root + "console/tc-port", root + "console/tty", StorePaths.Vm(entry.VmId, "rtc/timeoffset")], cancel);
        }

        var trees = await reading.ConfigureAwait(false);
        var keys = await single.ConfigureAwait(false);
        int left = quotaBytes;
        var seen = Flatten(Agent.Zip(trees, static (part, nodes) => (part.Directory, nodes)), root, ref left);
        var xsdata = Flatten(trees.Skip(Agent.Length).Select(static nodes => ("", nodes)), root, ref left);
        return new DomainObservations
        {
            Consoles = Consoles(keys),
            GuestAgent = seen,
            Xsdata = xsdata,
            UncooperativeBalloonDriver = entry.Uncooperative,
            PvDriversDetected = entry.Balloons || seen.ContainsKey("attr/PVAddons/Installed"),
            RtcTimeOffset = keys[3] ?? "",
            ShadowMultiplier = entry.ShadowMultiplier,
        };
    }

    /// <summary>Paths below the domain's directory and their values. What goes beyond the quota is left out.</summary>
    private static ImmutableSortedDictionary<string, string> Flatten(
        IEnumerable<(string Directory, IReadOnlyList<StoreNode> Nodes)> parts, string root, ref int left)
    {
        var seen = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var (directory, nodes) in parts)
        {
            HashSet<string> parents = [.. nodes.Select(static n => XenstorePath.Parent(n.Path))];
            foreach (var node in nodes)
            {
                string key = node.Path[root.Length..];
                bool isDirectory = node.Value.Length == 0 && parents.Contains(node.Path);
                if (key == directory || isDirectory || key.StartsWith(Hotfixes, StringComparison.Ordinal))
                {
                    continue;
                }

                left -= Encoding.UTF8.GetByteCount(key) + Encoding.UTF8.GetByteCount(node.Value);
                if (left < 0)
                {
                    return seen.ToImmutable();
                }

                seen[key] = node.Value;
            }
        }

        return seen.ToImmutable();
    }

    private static ImmutableArray<VmConsole> Consoles(string?[] keys)
    {
        var consoles = ImmutableArray.CreateBuilder<VmConsole>();
        if (Port(keys[0]) is { } vnc)
        {
            consoles.Add(new VmConsole { protocol = ConsoleProtocol.Rfb, port = vnc });
        }

        if (Port(keys[1]) is { } text)
        {
            consoles.Add(new VmConsole { protocol = ConsoleProtocol.Vt100, port = text });
        }
        else if (keys[2] is { Length: > 0 } tty)
        {
            consoles.Add(new VmConsole { protocol = ConsoleProtocol.Vt100, path = tty });
        }

        return consoles.ToImmutable();
    }

    private static long? Port(string? text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int port) ? port : null;
}
