using Toolstack.Interop.Xen.Xenstore;

namespace Toolstack.XenSimulator.Xenstore;

/// <summary>Takes a node with all below it out of its parent.</summary>
internal static class StoreRemoval
{
    /// <summary>Removes an existing node that is not the root. Watchers above are told of it alone; watchers below of their own node.</summary>
    internal static void Remove(Nodes nodes, string path)
    {
        var parent = XenstorePath.Parent(path);
        if (nodes.Get(parent) is { } above)
        {
            nodes.Set(parent, above with { Children = above.Children.Remove(path[(path.LastIndexOf('/') + 1)..]) });
        }

        var pending = new Stack<string>();
        pending.Push(path);
        while (pending.TryPop(out var next))
        {
            if (nodes.Get(next) is not { } node)
            {
                continue;
            }

            foreach (var name in node.Children)
            {
                pending.Push(XenstorePath.Child(next, name));
            }

            nodes.Delete(next);
            nodes.Changes.Add(new StoreChange(next, node.Permissions, null, Exact: next != path));
        }
    }
}
