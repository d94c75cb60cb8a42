namespace Toolstack.Xapi.Database;

/// <summary>Moves a database with the files that belong to it, and knows the names under which databases stand beside the one in use.</summary>
internal static class DatabaseFiles
{
    /// <summary>The rows of a stand-alone host that has become a member, until the pool has them.</summary>
    internal const string Brought = ".joining";

    /// <summary>The same once the pool has them: nobody reads it.</summary>
    internal const string Taken = ".before-join";

    /// <summary>The database of a coordinator that has become a member, or a member's leftover: nobody reads it.</summary>
    internal const string BeforeRole = ".before-role-change";

    private const string Restore = ".restore";

    private static readonly string[] Parts = ["-shm", "-wal", ""];

    /// <summary>Where a restore that takes its place at the next start of a coordinator stands.</summary>
    internal static string Prepared(string path) => path + Restore;

    /// <summary>Nothing where there is none. The main file goes last, so that a crash on the way is made good by doing it again.</summary>
    internal static void Move(string from, string to)
    {
        if (!File.Exists(from))
        {
            return;
        }

        if (File.Exists(to))
        {
            Discard(to);
        }

        foreach (string part in Parts.Where(p => File.Exists(from + p)))
        {
            File.Move(from + part, to + part, overwrite: true);
        }
    }

    /// <summary>Removes a database; none is no error.</summary>
    internal static void Discard(string path)
    {
        foreach (string part in Parts.Reverse())
        {
            File.Delete(path + part);
        }
    }
}
