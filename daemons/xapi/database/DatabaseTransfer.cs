namespace Toolstack.Xapi.Database;

/// <summary>Whole databases: made from a dump, and put in place of the one that is used. A restore is prepared beside the database while the
/// daemon runs and takes its place at the next start.</summary>
internal static class DatabaseTransfer
{
    private const string Restore = ".restore";
    private const string Before = ".before-restore";
    private const int BatchRows = 1000;

    private static readonly string[] Parts = ["", "-wal", "-shm"];

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
        string making = path + Restore + ".new";
        Remove(making);
        Create(making, state);
        File.Move(making, path + Restore, overwrite: true);
    }

    /// <summary>Before the database is opened: puts a prepared restore in its place, the old one is kept beside. A crash on the way is made good
    /// by the next start. True when there was one.</summary>
    internal static bool TakePrepared(string path)
    {
        if (!File.Exists(path + Restore))
        {
            return false;
        }

        if (File.Exists(path))
        {
            Remove(path + Before);
            foreach (string part in Parts.Reverse().Where(p => File.Exists(path + p)))
            {
                File.Move(path + part, path + Before + part);
            }
        }

        Remove(path);
        File.Move(path + Restore, path);
        return true;
    }

    private static void Remove(string path)
    {
        foreach (string part in Parts)
        {
            File.Delete(path + part);
        }
    }
}
