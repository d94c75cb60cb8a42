using Toolstack.Interop.Xen.Xenstore;

namespace Toolstack.Xenopsd.Backends.Domains.Tree;

/// <summary>Trees into xenstore.</summary>
internal static class StoreWriting
{
    /// <summary>Removes, then writes, all or nothing and without waiting between the requests.</summary>
    public static Task ApplyAsync(this XenstoreClient store, IEnumerable<string> removals, IReadOnlyCollection<StoreNode> nodes, CancellationToken cancel) =>
        store.TransactionAsync(
            transaction =>
            {
                transaction.Apply(removals, nodes);
                return Task.CompletedTask;
            },
            cancel);

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
