using System.Globalization;
using Toolstack.Interop.Xen.Xenstore;
using Toolstack.Xenopsd.Backends.Domains.Tree;

namespace Toolstack.Xenopsd.Backends.Domains.Watching;

/// <summary>The nodes that a <see cref="DomainEntry"/> mirrors.</summary>
internal static class DomainReading
{
    private static readonly string[] Keys =
    [
        StoreKeys.ActionRequest, StoreKeys.FeatureBalloon, StoreKeys.DataUpdated, StoreKeys.Uncooperative, StoreKeys.MemoryOffset, StoreKeys.Target,
        StoreKeys.DynamicMin, StoreKeys.DynamicMax,
    ];

    public static async Task RefreshAsync(IXenstore store, DomainEntry entry, CancellationToken cancel)
    {
        var read = await store.ReadAllAsync(Keys.Select(key => StorePaths.Domain(entry.Domid, key)), cancel).ConfigureAwait(false);
        entry.ActionRequest = read[0] is { Length: > 0 } request ? request : null;
        entry.Balloons = read[1] == "1";
        entry.Uncooperative = read[3] is { Length: > 0 };
        entry.MemoryOffsetKib = Number(read[4]) ?? entry.MemoryOffsetKib;
        entry.TargetKib = Number(read[5]) ?? entry.TargetKib;
        entry.DynamicMinKib = Number(read[6]) ?? entry.DynamicMinKib;
        entry.DynamicMaxKib = Number(read[7]) ?? entry.DynamicMaxKib;
    }

    private static long? Number(string? text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value) ? value : null;
}
