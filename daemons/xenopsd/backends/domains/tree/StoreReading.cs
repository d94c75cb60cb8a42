using Toolstack.Interop.Xen.Xenstore;

namespace Toolstack.Xenopsd.Backends.Domains.Tree;

/// <summary>Trees out of xenstore, level by level: the requests of one level are under way together.</summary>
internal static class StoreReading
{
    /// <summary>The node and all below it, parents first; nothing when there is none. <paramref name="depth"/> levels below
    /// <paramref name="root"/> are read.</summary>
    public static async Task<IReadOnlyList<StoreNode>> TreeAsync(IXenstore store, string root, int depth, bool withAccess, CancellationToken cancel)
    {
        List<StoreNode> nodes = [];
        List<string> level = [root];
        for (int below = 0; level.Count > 0; below++)
        {
            var values = level.ConvertAll(path => store.ReadAsync(path, cancel));
            var access = withAccess ? level.ConvertAll(path => store.GetPermissionsAsync(path, cancel)) : null;
            var children = below < depth ? level.ConvertAll(path => store.DirectoryAsync(path, cancel)) : null;
            List<string> next = [];
            for (int i = 0; i < level.Count; i++)
            {
                string? value = await values[i].ConfigureAwait(false);
                var permissions = access is null ? null : await access[i].ConfigureAwait(false);
                if (value is not null)
                {
                    nodes.Add(new StoreNode(level[i], value, permissions));
                }

                if (children is not null)
                {
                    string parent = level[i];
                    next.AddRange((await children[i].ConfigureAwait(false)).Select(child => parent + "/" + child));
                }
            }

            level = next;
        }

        return nodes;
    }

    /// <summary>Several nodes at once; null for each there is not.</summary>
    public static Task<string?[]> ReadAllAsync(this IXenstore store, IEnumerable<string> paths, CancellationToken cancel) =>
        Task.WhenAll(paths.Select(path => store.ReadAsync(path, cancel)));
}
