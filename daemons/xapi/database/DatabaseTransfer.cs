namespace Toolstack.Xapi.Database;

/// <summary>Whole databases: made from a dump, and put in place of the one that is used. A restore is prepared beside the database while the
/// daemon runs and takes its place at the next start.</summary>
internal static class DatabaseTransfer
{
    private const string Before = ".before-restore";
    private const int BatchRows = 1000;

    /// <summary>A database file with the rows of a dump. Raises <see cref="DatabaseFileException"/> when there is one already.</summary>
    internal static void Create(string path, ImportedState state)
    {
        if (File.Exists(path))
        {
            throw new DatabaseFileException(path, "exists already; move it away first");
        }

        using SqliteStore store = SqliteStore.Open(path);
        foreach (StoredRow[] batch in state.Rows.Chunk(BatchRows))
        {
            store.Write([.. batch.Select(static r => new StoredChange(r.Class, r.Ref, r.Created, r.Modified, r.Body))], state.Generation);
        }

        store.Write([], state.Generation);
    }

    /// <summary>Prepares a restore: whole on disk when it returns. Raises <see cref="DatabaseFileException"/> or IOException.</summary>
    internal static void Prepare(string path, ImportedState state)
    {
        string making = DatabaseFiles.Prepared(path) + ".new";
        DatabaseFiles.Discard(making);
        Create(making, state);
        File.Move(making, DatabaseFiles.Prepared(path), overwrite: true);
    }

    /// <summary>Before the database is opened: puts a prepared restore in its place, the old one is kept beside. A crash on the way is made good
    /// by the next start. True when there was one.</summary>
    internal static bool TakePrepared(string path)
    {
        if (!File.Exists(DatabaseFiles.Prepared(path)))
        {
            return false;
        }

        DatabaseFiles.Move(path, path + Before);
        DatabaseFiles.Discard(path);
        File.Move(DatabaseFiles.Prepared(path), path);
        return true;
    }
}
