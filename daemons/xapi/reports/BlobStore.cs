using Toolstack.Hosting;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;

namespace Toolstack.Xapi.Reports;

/// <summary>The contents of blobs: one file each, named by the blob's uuid. A blob without a file is empty.</summary>
internal sealed class BlobStore
{
    private readonly string directory;

    /// <summary>Raises ConfigurationException when the directory cannot be used.</summary>
    internal BlobStore(string directory)
    {
        this.directory = directory;
        try
        {
            Directory.CreateDirectory(directory);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"{directory}: {error.Message}");
        }
    }

    /// <summary>A new blob without content, which <paramref name="with"/> enters in the row it belongs to. Raises HANDLE_INVALID.</summary>
    internal static async Task<Ref<blob>> AddAsync<T>(
        XapiDatabase database, Ref<T> owner, string name, string mimeType, bool isPublic, Func<T, Ref<blob>, T> with, CancellationToken cancel)
        where T : XenObject, IXenObject<T>
    {
        await database.Get(owner, cancel).ConfigureAwait(false);
        Ref<blob> self = await CreateAsync(database, name, mimeType, isPublic, cancel).ConfigureAwait(false);
        await database.Update(owner, row => with(row, self), cancel).ConfigureAwait(false);
        return self;
    }

    /// <summary>A new blob without content.</summary>
    internal static ValueTask<Ref<blob>> CreateAsync(XapiDatabase database, string name, string mimeType, bool isPublic, CancellationToken cancel) => database.Create(
        new blob
        {
            uuid = Guid.NewGuid().ToString(),
            name_label = name,
            mime_type = mimeType.Length == 0 ? "application/octet-stream" : mimeType,
            last_updated = DateTimeOffset.UnixEpoch,
            @public = isPublic,
        }, cancel);

    internal string PathOf(blob row) => Path.Combine(directory, Guid.Parse(row.uuid).ToString("D"));

    internal void Delete(blob row)
    {
        try
        {
            File.Delete(PathOf(row));
        }
        catch (DirectoryNotFoundException)
        {
            // Nothing is there to delete.
        }
    }
}
