using Toolstack.Interop.Xen.Xenstore;

namespace Toolstack.Xenopsd.Backends.Domains.Tree;

/// <summary>One node to be written: trees are made as data first, so that they can be read and compared whole. The order of a list
/// is the order of the writes; <see cref="Access"/> null takes the parent's permissions over.</summary>
public sealed record StoreNode(string Path, string Value, XenstorePermissions? Access = null);

/// <summary>The permissions in use. Domain 0 always passes.</summary>
public static class NodeAccess
{
    /// <summary>Nobody but domain 0.</summary>
    public static readonly XenstorePermissions Private = new(0);

    /// <summary>The guest reads, domain 0 writes.</summary>
    public static XenstorePermissions ReadByGuest(int domid) => XenstorePermissions.ReadableBy(0, domid);

    /// <summary>The guest's own.</summary>
    public static XenstorePermissions GuestOwned(int domid) => new(domid);

    /// <summary>One end of a device: its owner, and the other end, which reads.</summary>
    public static XenstorePermissions End(int owner, int other) => XenstorePermissions.ReadableBy(owner, other);
}
