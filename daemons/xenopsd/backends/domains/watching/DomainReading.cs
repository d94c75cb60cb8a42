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
        entry.ActionRequest = Request(read[0]);
        entry.Balloons = read[1] == "1";
        entry.Uncooperative = read[3] is { Length: > 0 };
        entry.MemoryOffsetKib = Number(read[4]) ?? entry.MemoryOffsetKib;
        entry.TargetKib = Number(read[5]) ?? entry.TargetKib;
        entry.DynamicMinKib = Number(read[6]) ?? entry.DynamicMinKib;
        entry.DynamicMaxKib = Number(read[7]) ?? entry.DynamicMaxKib;
    }

    /// <summary>The one that changes most, and by this process.</summary>
    public static async Task RefreshRequestAsync(IXenstore store, DomainEntry entry, CancellationToken cancel) =>
        entry.ActionRequest = Request(await store.ReadAsync(StorePaths.Domain(entry.Domid, StoreKeys.ActionRequest), cancel).ConfigureAwait(false));

    private static string? Request(string? text) => text is { Length: > 0 } ? text : null;

    private static long? Number(string? text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value) ? value : null;
}
