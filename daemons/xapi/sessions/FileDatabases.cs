using System.Collections.Concurrent;
using Toolstack.Idl;
using Toolstack.Xapi.Database;

namespace Toolstack.Xapi.Sessions;

/// <summary>Sessions whose records are those of a dump, as an administrator looks at after a disaster, rather than of this pool. They read, and
/// that is all they can do.</summary>
internal sealed class FileDatabases
{
    /// <summary>Each holds a whole database in memory.</summary>
    private const int MaxOpen = 4;

    private const long MaxFileBytes = 256L * 1024 * 1024;

    private readonly ConcurrentDictionary<string, LocalDatabase> open = new(StringComparer.Ordinal);

    internal ICollection<string> Sessions => open.Keys;

    /// <summary>The database that the session reads, or null for this pool's.</summary>
    internal IChangeLog? Find(string session) => open.IsEmpty ? null : open.GetValueOrDefault(session);

    internal void Add(string session, LocalDatabase database) => open[session] = database;

    internal void Remove(string session)
    {
        if (!open.IsEmpty)
        {
            open.TryRemove(session, out _);
        }
    }

    /// <summary>Reads a dump on this host. Raises INTERNAL_ERROR [reason] for a file that is none, or that is one too many or too large.</summary>
    internal async Task<LocalDatabase> ReadAsync(string path, CancellationToken cancel)
    {
        if (open.Count >= MaxOpen)
        {
            throw new XenApiError("INTERNAL_ERROR", $"{MaxOpen} databases from files are open already");
        }

        try
        {
            var file = new FileInfo(path);
            if (file.Length > MaxFileBytes)
            {
                throw new XenApiError("INTERNAL_ERROR", $"{path}: more than {MaxFileBytes} bytes");
            }

            byte[] document = await File.ReadAllBytesAsync(path, cancel).ConfigureAwait(false);
            return LocalDatabase.Of(StateXmlReader.Read(document, path, Datamodel.Datamodel.Classes), Datamodel.Datamodel.Classes);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or DatabaseFileException)
        {
            throw new XenApiError("INTERNAL_ERROR", error.Message);
        }
    }
}
