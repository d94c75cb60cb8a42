using Toolstack.Interop.Xen.Xenstore;

namespace Toolstack.XenSimulator.Xenstore;

/// <summary>A change that watchers are told of. <paramref name="Exact"/>: only those of this very path, since those above are told of the
/// root of what was removed. The permissions are those before and after, as far as there was a node.</summary>
internal readonly record struct StoreChange(string Path, XenstorePermissions? Before, XenstorePermissions? After, bool Exact);
