using System.Text.RegularExpressions;
using Toolstack.Interop.Xen.Xenstore;

namespace Toolstack.EndToEnd.Pool;

/// <summary>What the xenstore of a simulated machine holds, read past all daemons.</summary>
public static partial class StoreNodes
{
    /// <summary>Every node there is, the values left out.</summary>
    public static async Task<IReadOnlyList<string>> AllAsync(PoolHost host, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(host);
        await using var store = await XenstoreClient.ConnectAsync(host.XenstoreSocket, null, cancellation);
        List<string> paths = [];
        List<string> level = [""];
        while (level.Count > 0)
        {
            var children = await Task.WhenAll(level.Select(async path =>
                (await store.DirectoryAsync(path.Length == 0 ? "/" : path, cancellation)).Select(name => path + "/" + name)));
            level = [.. children.SelectMany(names => names)];
            paths.AddRange(level);
        }

        return paths;
    }

    /// <summary>The nodes that belong to a domain other than the control domain, or to a VM: none, where none runs.</summary>
    public static async Task<IReadOnlyList<string>> OfGuestsAsync(PoolHost host, CancellationToken cancellation) =>
        [.. (await AllAsync(host, cancellation)).Where(path => OfGuest().IsMatch(path))];

    /// <summary>The value of a node; null when it is not there.</summary>
    public static async Task<string?> ReadAsync(PoolHost host, string path, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(host);
        await using var store = await XenstoreClient.ConnectAsync(host.XenstoreSocket, null, cancellation);
        return await store.ReadAsync(path, cancellation);
    }

    [GeneratedRegex("^/(vm|xapi|xenops/domain)/.|^/local/domain/[1-9]|^/local/domain/0/backend/[^/]+/.")]
    private static partial Regex OfGuest();
}
