namespace Toolstack.Interop.Xen.Xenstore;

/// <summary>
/// Reads and writes of xenstore nodes, inside a transaction or not. Values are text (UTF-8 on the wire). Every call raises
/// <see cref="XenstoreError"/>: EINVAL for a path that is none, EACCES, E2BIG or EQUOTA beyond a limit, ETIMEDOUT, ECONNRESET.
/// </summary>
public interface IXenstore
{
    /// <summary>The node's value; null when there is no such node.</summary>
    Task<string?> ReadAsync(string path, CancellationToken cancel);

    /// <summary>Names of the node's children in no order, however many; empty when there is no such node.</summary>
    Task<IReadOnlyList<string>> DirectoryAsync(string path, CancellationToken cancel);

    /// <summary>Sets the value; makes the node and those above it.</summary>
    Task WriteAsync(string path, string value, CancellationToken cancel);

    /// <summary>Makes the node and those above it, with empty values; leaves an existing one as it is.</summary>
    Task MakeDirectoryAsync(string path, CancellationToken cancel);

    /// <summary>Removes the node with all below it; fine when there is none. The root is refused with EINVAL.</summary>
    Task RemoveAsync(string path, CancellationToken cancel);

    /// <summary>Null when there is no such node.</summary>
    Task<XenstorePermissions?> GetPermissionsAsync(string path, CancellationToken cancel);

    Task SetPermissionsAsync(string path, XenstorePermissions permissions, CancellationToken cancel);

    /// <summary>Requests begun until the result is disposed leave together, and their answers tend to come together: the server wakes up once for
    /// all of them. To be held while requests are begun, never while they are waited for.</summary>
    IDisposable Collect();
}
