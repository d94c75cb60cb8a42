using Toolstack.Interop.Xen.Xenstore;

namespace Toolstack.Xenopsd.Backends.Domains.Tree;

/// <summary>Trees into xenstore.</summary>
internal static class StoreWriting
{
    /// <summary>Removes, then writes, at once for whoever looks and without waiting between the requests.</summary>
    public static Task ApplyAsync(this XenstoreClient store, IEnumerable<string> removals, IReadOnlyCollection<StoreNode> nodes, CancellationToken cancel) =>
        store.ApplyAsync(transaction => transaction.Apply(removals, nodes), cancel);

    /// <summary>Removes trees that nobody uses any more, all with one request after the other under way: without a transaction, which would take two more
    /// round trips.</summary>
    public static Task RemoveAllAsync(this XenstoreClient store, IReadOnlyCollection<string> paths, CancellationToken cancel)
    {
        using (store.Collect())
        {
            return Task.WhenAll(paths.Select(path => store.RemoveAsync(path, cancel)).ToList());
        }
    }

    public static void Apply(this XenstoreTransaction transaction, IEnumerable<string> removals, IEnumerable<StoreNode> nodes)
    {
        foreach (string path in removals)
        {
            transaction.Remove(path);
        }

        foreach (var node in nodes)
        {
            if (node.Access is null)
            {
                transaction.Write(node.Path, node.Value);
            }
            else
            {
                transaction.Write(node.Path, node.Value, node.Access);
            }
        }
    }
}
