using System.Collections.Immutable;
using Toolstack.Interop.Xen.Xenstore;

namespace Toolstack.XenSimulator.Xenstore;

/// <summary>A node at one moment; a change makes another. <see cref="Generation"/> is new with every change of the node itself, which
/// includes its list of children but not what is in them.</summary>
internal sealed record StoreNode(ReadOnlyMemory<byte> Value, XenstorePermissions Permissions, ImmutableSortedSet<string> Children, ulong Generation)
{
    private const int PermissionBytes = 8;

    internal static readonly ImmutableSortedSet<string> NoChildren = ImmutableSortedSet.Create<string>(StringComparer.Ordinal);

    internal StoreNode(ReadOnlyMemory<byte> value, XenstorePermissions permissions)
        : this(value, permissions, NoChildren, 0)
    {
    }

    /// <summary>What counts against the limit on a node.</summary>
    internal int Bytes => Value.Length + (PermissionBytes * (1 + Permissions.Entries.Length)) + ChildBytes;

    internal int ChildBytes
    {
        get
        {
            var sum = 0;
            foreach (var name in Children)
            {
                sum += name.Length + 1;
            }

            return sum;
        }
    }
}
