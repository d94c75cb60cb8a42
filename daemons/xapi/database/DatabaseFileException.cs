namespace Toolstack.Xapi.Database;

/// <summary>The database file cannot be used: damaged, of a newer version, in use by another process, or not readable.
/// The daemon does not start and leaves the file as it is.</summary>
public sealed class DatabaseFileException(string path, string reason, Exception? cause = null)
    : Exception($"database {path}: {reason}", cause)
{
    public string Path { get; } = path;

    public string Reason { get; } = reason;
}
