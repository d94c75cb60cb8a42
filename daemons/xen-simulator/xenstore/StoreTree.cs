using System.Collections.Immutable;
using Toolstack.Interop.Xen.Xenstore;

namespace Toolstack.XenSimulator.Xenstore;

/// <summary>The store itself, with an index of what each domain owns and where it is named. For one caller at a time.</summary>
internal sealed class StoreTree : Nodes
{
    private readonly Dictionary<string, StoreNode> nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<int, HashSet<string>> owned = [];
    private readonly Dictionary<int, HashSet<string>> listed = [];
    private ulong generation;

    internal StoreTree()
    {
        nodes["/"] = new StoreNode(default, new XenstorePermissions(0)) with { Children = StoreNode.NoChildren.Add("tool") };
        nodes["/tool"] = new StoreNode(default, new XenstorePermissions(0)) with { Children = StoreNode.NoChildren.Add("xenstored") };
        nodes["/tool/xenstored"] = new StoreNode(default, new XenstorePermissions(0));
    }

    internal int Count => nodes.Count;

    internal IEnumerable<KeyValuePair<string, StoreNode>> All => nodes;

    internal override StoreNode? Get(string path) => nodes.GetValueOrDefault(path);

    internal override void Set(string path, StoreNode node)
    {
        if (nodes.TryGetValue(path, out var before) && !ReferenceEquals(before.Permissions, node.Permissions))
        {
            Forget(path, before.Permissions);
        }

        nodes[path] = node with { Generation = ++generation };
        if (before is null || !ReferenceEquals(before.Permissions, node.Permissions))
        {
            Index(path, node.Permissions);
        }
    }

    internal override void Delete(string path)
    {
        if (nodes.Remove(path, out var before))
        {
            Forget(path, before.Permissions);
        }
    }

    internal override int Owned(int domid) => owned.TryGetValue(domid, out var paths) ? paths.Count : 0;

    /// <summary>A domain that is gone: what it owned goes with all below, and no later domain of that number inherits its rights.</summary>
    internal void RemoveDomain(int domid)
    {
        foreach (var path in owned.TryGetValue(domid, out var own) ? own.ToList() : [])
        {
            if (nodes.ContainsKey(path) && path != "/")
            {
                StoreRemoval.Remove(this, path);
            }
        }

        foreach (var path in listed.TryGetValue(domid, out var named) ? named.ToList() : [])
        {
            var node = nodes[path];
            Set(path, node with { Permissions = node.Permissions with { Entries = [.. node.Permissions.Entries.Where(entry => entry.Domid != domid)] } });
        }

        Changes.Clear();
    }

    private static void Add(Dictionary<int, HashSet<string>> index, int domid, string path)
    {
        if (domid == 0)
        {
            return;
        }

        if (!index.TryGetValue(domid, out var paths))
        {
            index[domid] = paths = new HashSet<string>(StringComparer.Ordinal);
        }

        paths.Add(path);
    }

    private static void Drop(Dictionary<int, HashSet<string>> index, int domid, string path)
    {
        if (index.TryGetValue(domid, out var paths) && paths.Remove(path) && paths.Count == 0)
        {
            index.Remove(domid);
        }
    }

    private void Index(string path, XenstorePermissions permissions)
    {
        Add(owned, permissions.Owner, path);
        foreach (var (domid, _) in permissions.Entries)
        {
            Add(listed, domid, path);
        }
    }

    private void Forget(string path, XenstorePermissions permissions)
    {
        Drop(owned, permissions.Owner, path);
        foreach (var (domid, _) in permissions.Entries)
        {
            Drop(listed, domid, path);
        }
    }
}
