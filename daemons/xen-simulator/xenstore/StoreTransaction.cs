namespace Toolstack.XenSimulator.Xenstore;

/// <summary>
/// The store as one transaction sees it. As in xenstored, every node read or changed is noted with its generation (or that there was
/// none); the commit is refused when one of them is not what it was. Changes of other nodes never conflict.
/// </summary>
internal sealed class StoreTransaction(StoreTree tree) : Nodes
{
    private readonly Dictionary<string, StoreNode?> seen = new(StringComparer.Ordinal);
    private readonly Dictionary<string, StoreNode?> changed = new(StringComparer.Ordinal);
    private readonly Dictionary<int, int> ownedMore = [];

    internal override int Touched => seen.Count;

    internal override StoreNode? Get(string path)
    {
        if (changed.TryGetValue(path, out var node) || seen.TryGetValue(path, out node))
        {
            return node;
        }

        node = tree.Get(path);
        seen.Add(path, node);
        return node;
    }

    internal override void Set(string path, StoreNode node)
    {
        Count(Get(path)?.Permissions.Owner, -1);
        Count(node.Permissions.Owner, +1);
        changed[path] = node;
    }

    internal override void Delete(string path)
    {
        Count(Get(path)?.Permissions.Owner, -1);
        changed[path] = null;
    }

    internal override int Owned(int domid) => tree.Owned(domid) + ownedMore.GetValueOrDefault(domid);

    /// <summary>Puts the changes into the store; false, and nothing done, when a node seen is no longer what it was.</summary>
    internal bool Commit()
    {
        foreach (var (path, node) in seen)
        {
            if (tree.Get(path)?.Generation != node?.Generation)
            {
                return false;
            }
        }

        foreach (var (path, node) in changed)
        {
            if (node is null)
            {
                tree.Delete(path);
            }
            else
            {
                tree.Set(path, node);
            }
        }

        return true;
    }

    private void Count(int? owner, int by)
    {
        if (owner is { } domid && domid != 0)
        {
            ownedMore[domid] = ownedMore.GetValueOrDefault(domid) + by;
        }
    }
}
