using System.Text;

namespace Toolstack.Interop.Xen.Xenstore;

/// <summary>The requests that mean the same inside a transaction and outside; who derives says how one is sent.</summary>
public abstract class XenstoreCalls : IXenstore
{
    private protected XenstoreCalls()
    {
    }

    public async Task<string?> ReadAsync(string path, CancellationToken cancel) =>
        Found(await CallAsync(XenstoreOperation.Read, Checked(XenstoreOperation.Read, path), [path], default, cancel).ConfigureAwait(false)) is { } value
            ? Encoding.UTF8.GetString(value)
            : null;

    public async Task<IReadOnlyList<string>> DirectoryAsync(string path, CancellationToken cancel)
    {
        var (payload, error) =
            await CallAsync(XenstoreOperation.Directory, Checked(XenstoreOperation.Directory, path), [path], default, cancel).ConfigureAwait(false);
        return error switch
        {
            null => XenstoreWords.Read(XenstoreOperation.Directory, payload),
            { Name: XenstoreErrorName.ENOENT } => [],
            { Name: XenstoreErrorName.E2BIG } => await DirectoryInPartsAsync(path, cancel).ConfigureAwait(false),
            _ => throw error,
        };
    }

    public async Task WriteAsync(string path, string value, CancellationToken cancel) => Require(await CallAsync(
        XenstoreOperation.Write, CheckedNode(XenstoreOperation.Write, path), [path], Encoding.UTF8.GetBytes(value), cancel).ConfigureAwait(false));

    public async Task MakeDirectoryAsync(string path, CancellationToken cancel) => Require(await CallAsync(
        XenstoreOperation.Mkdir, CheckedNode(XenstoreOperation.Mkdir, path), [path], default, cancel).ConfigureAwait(false));

    public async Task RemoveAsync(string path, CancellationToken cancel)
    {
        var (_, error) = await CallAsync(XenstoreOperation.Rm, CheckedRemoval(path), [path], default, cancel).ConfigureAwait(false);
        if (error is not null and not { Name: XenstoreErrorName.ENOENT })
        {
            throw error;
        }
    }

    public async Task<XenstorePermissions?> GetPermissionsAsync(string path, CancellationToken cancel)
    {
        var found = Found(
            await CallAsync(XenstoreOperation.GetPerms, Checked(XenstoreOperation.GetPerms, path), [path], default, cancel).ConfigureAwait(false));
        return found is null ? null : XenstorePermissions.Parse(XenstoreWords.Read(XenstoreOperation.GetPerms, found));
    }

    public async Task SetPermissionsAsync(string path, XenstorePermissions permissions, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(permissions);
        Require(await CallAsync(
            XenstoreOperation.SetPerms, Checked(XenstoreOperation.SetPerms, path), [path, .. permissions.Words()], default, cancel).ConfigureAwait(false));
    }

    public abstract IDisposable Collect();

    /// <summary>
    /// Values of a node (key "") and of all below it down to <paramref name="maxDepth"/> levels (0: the node alone, 1: with its
    /// children), by path relative to it. Requests of one level are under way together. Nodes that go away meanwhile or may not be read
    /// are left out; reading ends when keys and values exceed <paramref name="maxBytes"/>.
    /// </summary>
    public async Task<IReadOnlyDictionary<string, string>> ReadTreeAsync(string path, int maxDepth, int maxBytes, CancellationToken cancel)
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        var bytes = 0L;
        List<string> level = [""];
        for (var depth = 0; level.Count > 0 && depth <= maxDepth; depth++)
        {
            var values = await AllAsync(level, name => ReadOrSkipAsync(Below(path, name), cancel)).ConfigureAwait(false);
            for (var i = 0; i < level.Count; i++)
            {
                if (values[i] is { } value)
                {
                    bytes += level[i].Length + value.Length;
                    if (bytes > maxBytes)
                    {
                        return found;
                    }

                    found[level[i]] = value;
                }
            }

            if (depth == maxDepth)
            {
                break;
            }

            var present = level.Where(found.ContainsKey).ToList();
            var children = await AllAsync(present, name => ListOrSkipAsync(Below(path, name), cancel)).ConfigureAwait(false);
            level = [.. present.SelectMany((name, i) => children[i].Select(child => name.Length == 0 ? child : name + "/" + child))];
        }

        return found;
    }

    /// <summary>Sends a request and gives its payload or error; ECONNRESET and ETIMEDOUT are errors like the server's own.</summary>
    private protected abstract Task<(byte[] Payload, XenstoreError? Error)> CallAsync(
        XenstoreOperation operation, string path, string[] words, ReadOnlyMemory<byte> tail, CancellationToken cancel);

    private protected static byte[] Require((byte[] Payload, XenstoreError? Error) answer) =>
        answer.Error is null ? answer.Payload : throw answer.Error;

    private protected static string Checked(XenstoreOperation operation, string path) =>
        XenstorePath.IsValid(path) ? path : throw new XenstoreError(operation, path, XenstoreErrorName.EINVAL);

    private protected static string CheckedNode(XenstoreOperation operation, string path) =>
        XenstorePath.IsSpecial(path) ? throw new XenstoreError(operation, path, XenstoreErrorName.EINVAL) : Checked(operation, path);

    /// <summary>One of the servers would remove the whole store.</summary>
    private protected static string CheckedRemoval(string path) =>
        path == "/" ? throw new XenstoreError(XenstoreOperation.Rm, path, XenstoreErrorName.EINVAL) : CheckedNode(XenstoreOperation.Rm, path);

    private static byte[]? Found((byte[] Payload, XenstoreError? Error) answer) =>
        answer.Error is { Name: XenstoreErrorName.ENOENT } ? null : Require(answer);

    private static string Below(string path, string name) => name.Length == 0 ? path : XenstorePath.Child(path, name);

    private async Task<T[]> AllAsync<T>(List<string> names, Func<string, Task<T>> read)
    {
        List<Task<T>> reading;
        using (Collect())
        {
            reading = names.ConvertAll(name => read(name));
        }

        return await Task.WhenAll(reading).ConfigureAwait(false);
    }

    private async Task<string?> ReadOrSkipAsync(string path, CancellationToken cancel)
    {
        var answer = await CallAsync(XenstoreOperation.Read, Checked(XenstoreOperation.Read, path), [path], default, cancel).ConfigureAwait(false);
        return answer.Error is { Name: XenstoreErrorName.EACCES } ? null : Found(answer) is { } value ? Encoding.UTF8.GetString(value) : null;
    }

    private async Task<IReadOnlyList<string>> ListOrSkipAsync(string path, CancellationToken cancel)
    {
        try
        {
            return await DirectoryAsync(path, cancel).ConfigureAwait(false);
        }
        catch (XenstoreError error) when (error.Name == XenstoreErrorName.EACCES)
        {
            return [];
        }
    }

    /// <summary>A list of children beyond one message: read in parts, from the start again when it changed in between.</summary>
    private async Task<IReadOnlyList<string>> DirectoryInPartsAsync(string path, CancellationToken cancel)
    {
        var children = new List<string>();
        string? generation = null;
        for (var offset = 0; ;)
        {
            var (payload, error) =
                await CallAsync(XenstoreOperation.DirectoryPart, path, [path, offset.ToString()], default, cancel).ConfigureAwait(false);
            if (error is not null)
            {
                return error.Name == XenstoreErrorName.ENOENT ? [] : throw error;
            }

            var last = payload is [.., 0, 0];
            var rest = payload.AsSpan();
            var words = XenstoreWords.Read(XenstoreOperation.DirectoryPart, last ? rest[..^1] : rest);
            if (words.Count == 0 || (words.Count == 1 && !last))
            {
                throw new XenstoreFormatException($"a part of the children of {path} that leads no further");
            }

            if (generation is not null && words[0] != generation)
            {
                (generation, offset) = (null, 0);
                children.Clear();
                continue;
            }

            generation = words[0];
            offset += words.Skip(1).Sum(word => Encoding.UTF8.GetByteCount(word) + 1);
            children.AddRange(words.Skip(1));
            if (last)
            {
                return children;
            }
        }
    }
}
