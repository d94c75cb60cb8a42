using Toolstack.Interop.Xen.Xenstore;

namespace Toolstack.XenSimulator.Xenstore;

/// <summary>A watch as it was set. <paramref name="Given"/> is the path as the peer wrote it, <paramref name="Path"/> the absolute one.</summary>
internal sealed record StoreWatch(ServerPeer Peer, string Path, string Given, string Token)
{
    /// <summary>A changed path in the form of this watch: relative when it was set so.</summary>
    internal string Shown(string changed) => ReferenceEquals(Path, Given) ? changed : changed[(Path.Length - Given.Length)..];
}

/// <summary>Watches of all peers by path: a change costs one look-up for each name in its path, however many watches there are.</summary>
internal sealed class WatchTable
{
    private readonly Dictionary<string, List<StoreWatch>> watches = new(StringComparer.Ordinal);

    internal int Count { get; private set; }

    internal void Add(StoreWatch watch)
    {
        if (!watches.TryGetValue(watch.Path, out var same))
        {
            watches[watch.Path] = same = [];
        }

        same.Add(watch);
        Count++;
    }

    internal void Remove(StoreWatch watch)
    {
        if (watches.TryGetValue(watch.Path, out var same) && same.Remove(watch))
        {
            Count--;
            if (same.Count == 0)
            {
                watches.Remove(watch.Path);
            }
        }
    }

    /// <summary>Tells those who watch the node or one above it, and may read it before or after the change.</summary>
    internal void Fire(in StoreChange change)
    {
        for (var at = change.Path; ; at = XenstorePath.Parent(at))
        {
            if (watches.TryGetValue(at, out var here))
            {
                foreach (var watch in here)
                {
                    var caller = watch.Peer.Caller;
                    if (Readable(caller, change.Before) || Readable(caller, change.After))
                    {
                        watch.Peer.SendEvent(watch, change.Path);
                    }
                }
            }

            if (change.Exact || at == "/")
            {
                return;
            }
        }
    }

    /// <summary>Tells of a special event (<c>@releaseDomain</c>): domain 0 always, others with the right to read it.</summary>
    internal void FireSpecial(string name, XenstorePermissions permissions)
    {
        if (watches.TryGetValue(name, out var here))
        {
            foreach (var watch in here)
            {
                if (watch.Peer.Caller.May(permissions, XenstoreAccess.Read))
                {
                    watch.Peer.SendEvent(watch, name);
                }
            }
        }
    }

    private static bool Readable(StoreCaller caller, XenstorePermissions? permissions) =>
        permissions is not null && caller.May(permissions, XenstoreAccess.Read);
}
