using Toolstack.Interop.Xen.Xenstore;

namespace Toolstack.Xenopsd.Backends.Domains.Tree;

/// <summary>The trees of a VM under another id: every path and value that contains the old one is rewritten, one transaction for each
/// tree, so that a reader finds all of a tree under one of the two.</summary>
internal static class TreeRename
{
    public static async Task RunAsync(XenstoreClient store, int domid, string oldId, string newId, CancellationToken cancel)
    {
        await MoveAsync(store, StorePaths.Vm(oldId), oldId, newId, cancel).ConfigureAwait(false);
        await MoveAsync(store, StorePaths.Xapi(oldId), oldId, newId, cancel).ConfigureAwait(false);
        await MoveAsync(store, StorePaths.Domain(domid), oldId, newId, cancel).ConfigureAwait(false);
    }

    /// <summary>The nodes that change: those whose path or value has the old id.</summary>
    public static IReadOnlyList<StoreNode> Rewritten(IEnumerable<StoreNode> nodes, string oldId, string newId) =>
    [
        .. nodes
            .Where(n => n.Path.Contains(oldId, StringComparison.Ordinal) || n.Value.Contains(oldId, StringComparison.Ordinal))
            .Select(n => n with
            {
                Path = n.Path.Replace(oldId, newId, StringComparison.Ordinal),
                Value = n.Value.Replace(oldId, newId, StringComparison.Ordinal),
            }),
    ];

    private static Task MoveAsync(XenstoreClient store, string root, string oldId, string newId, CancellationToken cancel) => store.TransactionAsync(
        async transaction =>
        {
            bool moves = root.Contains(oldId, StringComparison.Ordinal);
            var nodes = await StoreReading.TreeAsync(transaction, root, int.MaxValue, withAccess: moves, cancel).ConfigureAwait(false);
            transaction.Apply(moves && nodes.Count > 0 ? [root] : [], Rewritten(nodes, oldId, newId));
        },
        cancel);
}
