using Toolstack.Interop.Xen.Xenstore;
using static Toolstack.Interop.Xen.Xenstore.XenstoreErrorName;

namespace Toolstack.XenSimulator.Xenstore;

/// <summary>Who makes a request. <paramref name="Target"/> is a domain whose rights it has besides its own.</summary>
internal readonly record struct StoreCaller(int Domid, int? Target)
{
    internal bool Privileged => Domid == 0;

    internal bool Owns(XenstorePermissions permissions) => Privileged || permissions.Owner == Domid || permissions.Owner == Target;

    internal bool May(XenstorePermissions permissions, XenstoreAccess access) =>
        ((permissions.AccessOf(Domid) & access) == access) || (Target is { } target && (permissions.AccessOf(target) & access) == access);
}

/// <summary>
/// Requests on nodes, as one caller makes them: rights, limits, inheritance (xenstore protocol). Each returns the name of the error,
/// or null. A node that is not there is ENOENT only for a caller with that right on the nearest node above, EACCES for others.
/// </summary>
internal readonly struct StoreOperations(Nodes nodes, StoreCaller caller, XenstoreQuotas quotas)
{
    internal XenstoreErrorName? Find(string path, XenstoreAccess access, out StoreNode? node)
    {
        node = nodes.Get(path);
        if (!caller.Privileged && nodes.Touched > quotas.TransactionNodes)
        {
            return ENOSPC;
        }

        if (node is not null)
        {
            return caller.May(node.Permissions, access) ? null : EACCES;
        }

        for (var above = path; above != "/";)
        {
            above = XenstorePath.Parent(above);
            if (nodes.Get(above) is { } existing)
            {
                return caller.May(existing.Permissions, access) ? ENOENT : EACCES;
            }
        }

        return ENOENT;
    }

    internal XenstoreErrorName? Write(string path, ReadOnlyMemory<byte> value)
    {
        var error = Find(path, XenstoreAccess.Write, out var node);
        if (error == ENOENT)
        {
            return Create(path, value);
        }

        if (error is not null)
        {
            return error;
        }

        var written = node! with { Value = value };
        if (TooLarge(written))
        {
            return ENOSPC;
        }

        nodes.Set(path, written);
        nodes.Changes.Add(new StoreChange(path, node.Permissions, node.Permissions, Exact: false));
        return null;
    }

    internal XenstoreErrorName? MakeDirectory(string path)
    {
        var error = Find(path, XenstoreAccess.Write, out _);
        return error == ENOENT ? Create(path, default) : error;
    }

    internal XenstoreErrorName? Remove(string path)
    {
        if (path == "/")
        {
            return EINVAL;
        }

        var error = Find(path, XenstoreAccess.Write, out _);
        if (error == ENOENT)
        {
            return nodes.Get(XenstorePath.Parent(path)) is null ? ENOENT : null;
        }

        if (error is null)
        {
            StoreRemoval.Remove(nodes, path);
        }

        return error;
    }

    internal XenstoreErrorName? SetPermissions(string path, XenstorePermissions permissions)
    {
        if (!caller.Privileged && permissions.Entries.Length + 1 > quotas.PermissionsPerNode)
        {
            return ENOSPC;
        }

        var error = Find(path, XenstoreAccess.Write, out var node);
        if (error is not null)
        {
            return error;
        }

        if (!caller.Owns(node!.Permissions))
        {
            return EACCES;
        }

        if (!caller.Privileged && permissions.Owner != node.Permissions.Owner)
        {
            return EPERM;
        }

        var changed = node with { Permissions = permissions };
        if (TooLarge(changed))
        {
            return ENOSPC;
        }

        nodes.Set(path, changed);
        nodes.Changes.Add(new StoreChange(path, node.Permissions, permissions, Exact: false));
        return null;
    }

    /// <summary>Makes a node and those missing above it. Each has the permissions of the one above, and its maker as the owner unless
    /// that is domain 0.</summary>
    private XenstoreErrorName? Create(string path, ReadOnlyMemory<byte> value)
    {
        var missing = new List<string> { path };
        var above = XenstorePath.Parent(path);
        StoreNode? parent;
        while ((parent = nodes.Get(above)) is null)
        {
            missing.Add(above);
            above = XenstorePath.Parent(above);
        }

        if (!caller.Privileged && nodes.Owned(caller.Domid) + missing.Count > quotas.Nodes)
        {
            return ENOSPC;
        }

        var permissions = caller.Privileged ? parent.Permissions : parent.Permissions with { Owner = caller.Domid };
        var made = new StoreNode(value, permissions);
        var grown = parent with { Children = parent.Children.Add(Name(missing[^1])) };
        if (TooLarge(made) || TooLarge(grown))
        {
            return ENOSPC;
        }

        nodes.Set(above, grown);
        for (var i = missing.Count - 1; i > 0; i--)
        {
            nodes.Set(missing[i], new StoreNode(default, permissions) with { Children = StoreNode.NoChildren.Add(Name(missing[i - 1])) });
        }

        nodes.Set(path, made);
        nodes.Changes.Add(new StoreChange(path, null, permissions, Exact: false));
        return null;
    }

    private bool TooLarge(StoreNode node) => !caller.Privileged && node.Bytes > quotas.NodeBytes;

    private static string Name(string path) => path[(path.LastIndexOf('/') + 1)..];
}
