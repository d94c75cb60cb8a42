using System.Globalization;

namespace Toolstack.Xenopsd.Backends.Domains.Tree;

/// <summary>What a domain's tree gains once there is a guest in it. Memory in KiB.</summary>
public sealed record Built(
    int Domid, string VmId, GuestKind Kind, long StaticMaxKib, long TargetKib, int StorePort, int ConsolePort, GuestRings Rings, string TimeOffset);

/// <summary>The nodes that are written after a build or a restore and before the domain is introduced.</summary>
public static class BuiltTree
{
    private const string ConsoleLimit = "65536";

    /// <summary>Of these nodes the ones that are known before the guest is: all but the rings, and what says that the domain is built.</summary>
    public static IEnumerable<StoreNode> First(IEnumerable<StoreNode> nodes) => nodes.Where(static node => !IsRing(node) && !IsMark(node));

    /// <summary>The others; what says that the domain is built stands at the end.</summary>
    public static IEnumerable<StoreNode> Last(IEnumerable<StoreNode> nodes) =>
        nodes.Where(static node => IsRing(node) || IsMark(node)).OrderBy(IsMark);

    public static IReadOnlyList<StoreNode> Create(Built built)
    {
        ArgumentNullException.ThrowIfNull(built);
        int domid = built.Domid;
        List<StoreNode> nodes =
        [
            new(StorePaths.Domain(domid, StoreKeys.StaticMax), Number(built.StaticMaxKib)),
            new(StorePaths.Domain(domid, StoreKeys.Target), Number(built.TargetKib)),
            new(StorePaths.Domain(domid, "domid"), Number(domid)),
            new(StorePaths.Domain(domid, "store/port"), Number(built.StorePort)),
            new(StorePaths.Domain(domid, "store/ring-ref"), Frame(built.Rings.Store)),
            new(StorePaths.Domain(domid, "console/port"), Number(built.ConsolePort)),
            new(StorePaths.Domain(domid, "console/ring-ref"), Frame(built.Rings.Console)),
            new(StorePaths.Domain(domid, "console/limit"), ConsoleLimit),
            new(StorePaths.Domain(domid, "console/type"), "xenconsoled"),
            new(StorePaths.Domain(domid, "serial/0/limit"), ConsoleLimit),
            new(StorePaths.Libxl(domid) + "/type", TypeText(built.Kind)),
        ];
        if (built.Kind != GuestKind.Pv)
        {
            nodes.Add(new(StorePaths.Vm(built.VmId, "rtc/timeoffset"), built.TimeOffset));
        }

        return nodes;
    }

    private static bool IsRing(StoreNode node) => node.Path.EndsWith("/ring-ref", StringComparison.Ordinal);

    private static bool IsMark(StoreNode node) => node.Path.EndsWith("/domid", StringComparison.Ordinal);

    private static string TypeText(GuestKind kind) => kind switch
    {
        GuestKind.Hvm => "HVM",
        GuestKind.Pv => "PV",
        _ => "PVH",
    };

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Frame(ulong frame) => frame.ToString(CultureInfo.InvariantCulture);
}
