using System.Buffers;

namespace Toolstack.Interop.Xen.Xenstore;

/// <summary>What a path may look like (xenstore protocol): letters, digits and <c>- / _ @</c>, no empty name.</summary>
public static class XenstorePath
{
    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-/_@");

    /// <summary>True for the names of events that are no nodes, for example <c>@releaseDomain</c>.</summary>
    public static bool IsSpecial(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return path.StartsWith('@');
    }

    public static bool IsValid(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (path.Length == 0 || path.AsSpan().ContainsAnyExcept(Allowed))
        {
            return false;
        }

        var absolute = path[0] == '/';
        return path.Length <= (absolute ? XenstoreLimits.MaxPath : XenstoreLimits.MaxRelativePath)
            && (path.Length == 1 || path[^1] != '/')
            && !path.Contains("//", StringComparison.Ordinal);
    }

    /// <summary>Path of the node above; the root's is the root. <paramref name="path"/> is absolute and valid.</summary>
    public static string Parent(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var slash = path.LastIndexOf('/');
        return slash <= 0 ? "/" : path[..slash];
    }

    /// <summary>Path of a child.</summary>
    public static string Child(string path, string name) => path == "/" ? "/" + name : path + "/" + name;
}
