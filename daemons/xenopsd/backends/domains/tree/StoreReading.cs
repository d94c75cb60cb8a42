using Toolstack.Interop.Xen.Xenstore;

namespace Toolstack.Xenopsd.Backends.Domains.Tree;

/// <summary>Trees out of xenstore, level by level: the requests of one level, of all trees, leave together.</summary>
internal static class StoreReading
{
    /// <summary>The node and all below it, parents first; nothing when there is none. <paramref name="depth"/> levels below
    /// <paramref name="root"/> are read.</summary>
    public static async Task<IReadOnlyList<StoreNode>> TreeAsync(IXenstore store, string root, int depth, bool withAccess, CancellationToken cancel) =>
        (await TreesAsync(store, [(root, depth)], withAccess, cancel).ConfigureAwait(false))[0];

    /// <summary>Several trees, each as <see cref="TreeAsync"/> reads it.</summary>
    public static async Task<IReadOnlyList<IReadOnlyList<StoreNode>>> TreesAsync(
        IXenstore store, IReadOnlyList<(string Root, int Depth)> roots, bool withAccess, CancellationToken cancel)
    {
        var trees = roots.Select(static _ => new List<StoreNode>()).ToList();
        List<(int Tree, string Path)> level = [.. roots.Select(static (root, tree) => (tree, root.Root))];
        for (int below = 0; level.Count > 0; below++)
        {
            List<Asked> asked;
            using (store.Collect())
            {
                asked = level.ConvertAll(node => new Asked(
                    store.ReadAsync(node.Path, cancel),
                    withAccess ? store.GetPermissionsAsync(node.Path, cancel) : null,
                    below < roots[node.Tree].Depth ? store.DirectoryAsync(node.Path, cancel) : null));
            }

            List<(int Tree, string Path)> next = [];
            foreach (var ((tree, path), node) in level.Zip(asked))
            {
                string? value = await node.Value.ConfigureAwait(false);
                var permissions = node.Access is null ? null : await node.Access.ConfigureAwait(false);
                if (value is not null)
                {
                    trees[tree].Add(new StoreNode(path, value, permissions));
                }

                if (node.Children is not null)
                {
                    next.AddRange((await node.Children.ConfigureAwait(false)).Select(child => (tree, path + "/" + child)));
                }
            }

            level = next;
        }

        return trees;
    }

    /// <summary>Several nodes at once; null for each there is not.</summary>
    public static Task<string?[]> ReadAllAsync(this IXenstore store, IEnumerable<string> paths, CancellationToken cancel)
    {
        List<Task<string?>> reading;
        using (store.Collect())
        {
            reading = [.. paths.Select(path => store.ReadAsync(path, cancel))];
        }

        return Task.WhenAll(reading);
    }

    private readonly record struct Asked(Task<string?> Value, Task<XenstorePermissions?>? Access, Task<IReadOnlyList<string>>? Children);
}
