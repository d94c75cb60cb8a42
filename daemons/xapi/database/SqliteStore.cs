using System.Reflection;
using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Toolstack.Xapi.Database;

/// <summary>A row as the file holds it.</summary>
internal readonly record struct StoredRow(string Class, string Ref, long Created, long Modified, byte[] Body);

/// <summary>A row to be written, or with an empty body to be deleted.</summary>
internal readonly record struct StoredChange(string Class, string Ref, long Created, long Modified, ReadOnlyMemory<byte>? Body);

/// <summary>
/// The file: one SQLite database in WAL mode, synchronous=FULL, locked exclusively by this process. One table of rows keyed by
/// (class, ref) whose body is the row's persistent fields in MessagePack, and a manifest with the generation from which the next
/// start goes on. Not thread-safe: the start reads, then the writer of <see cref="CommitQueue"/> alone uses it.
/// </summary>
internal sealed class SqliteStore : IDisposable
{
    /// <summary>"XAPI" in the file's header, so that a file of another program is not taken for ours.</summary>
    private const int ApplicationId = 0x58415049;
    private const int SchemaVersion = 1;

    private const string Schema = """
        CREATE TABLE rows(class TEXT NOT NULL, ref TEXT NOT NULL, created INTEGER NOT NULL, modified INTEGER NOT NULL, body BLOB NOT NULL,
            PRIMARY KEY(class, ref)) WITHOUT ROWID;
        CREATE TABLE manifest(key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
        """;

    private static readonly Lock ProviderGate = new();
    private static bool providerSet;

    private readonly string path;
    private readonly SqliteConnection connection;
    private readonly SqliteCommand begin;
    private readonly SqliteCommand commit;
    private readonly SqliteCommand rollback;
    private readonly SqliteCommand upsert;
    private readonly SqliteCommand delete;
    private readonly SqliteCommand setGeneration;

    private SqliteStore(string path, SqliteConnection connection)
    {
        this.path = path;
        this.connection = connection;

        // Kept: a transaction object of the library compiles its statements anew each time.
        begin = Prepare("BEGIN IMMEDIATE");
        commit = Prepare("COMMIT");
        rollback = Prepare("ROLLBACK");
        upsert = Prepare("INSERT INTO rows VALUES($class, $ref, $created, $modified, $body) " +
            "ON CONFLICT(class, ref) DO UPDATE SET created = $created, modified = $modified, body = $body",
            "$class", "$ref", "$created", "$modified", "$body");
        delete = Prepare("DELETE FROM rows WHERE class = $class AND ref = $ref", "$class", "$ref");
        setGeneration = Prepare("INSERT INTO manifest VALUES('generation', $value) ON CONFLICT(key) DO UPDATE SET value = $value", "$value");
    }

    /// <summary>Opens the file, creating it (mode 0600) when there is none. Raises <see cref="DatabaseFileException"/>.</summary>
    internal static SqliteStore Open(string path)
    {
        SetProvider();
        SqliteConnection? connection = null;
        try
        {
            CreatePrivate(path);
            connection = new SqliteConnection(new SqliteConnectionStringBuilder
            {
                DataSource = path,
                Mode = SqliteOpenMode.ReadWrite,
                Pooling = false,
                DefaultTimeout = 1,
            }.ConnectionString);
            connection.Open();
            Execute(connection, "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;");
            CheckSchema(path, connection);
            var store = new SqliteStore(path, connection);
            connection = null;
            return store;
        }
        catch (SqliteException error)
        {
            throw Refused(path, error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DatabaseFileException(path, error.Message, error);
        }
        finally
        {
            connection?.Dispose();
        }
    }

    /// <summary>The generation from which to go on (0 for a new file). Raises <see cref="DatabaseFileException"/> when a page is damaged.</summary>
    internal long ReadGeneration()
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT value FROM manifest WHERE key = 'generation'";
        return Guarded(command.ExecuteScalar) is long value ? value : 0;
    }

    /// <summary>Every row of the file, one after the other. Raises <see cref="DatabaseFileException"/> when a page is damaged.</summary>
    internal IEnumerable<StoredRow> ReadRows()
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT class, ref, created, modified, body FROM rows";
        using SqliteDataReader reader = Guarded(command.ExecuteReader);
        while (Guarded(() => ReadRow(reader)) is { } row)
        {
            yield return row;
        }
    }

    /// <summary>Writes a batch in one transaction; on disk when it returns. Raises <see cref="SqliteException"/>, and then nothing of it was written.</summary>
    internal void Write(IReadOnlyCollection<StoredChange> changes, long? generation)
    {
        begin.ExecuteNonQuery();
        try
        {
            WriteRows(changes, generation);
            commit.ExecuteNonQuery();
        }
        catch (SqliteException)
        {
            RollBack();
            throw;
        }
    }

    private void WriteRows(IReadOnlyCollection<StoredChange> changes, long? generation)
    {
        foreach (StoredChange change in changes)
        {
            SqliteCommand command = change.Body is null ? delete : upsert;
            command.Parameters[0].Value = change.Class;
            command.Parameters[1].Value = change.Ref;
            if (change.Body is { } body)
            {
                command.Parameters[2].Value = change.Created;
                command.Parameters[3].Value = change.Modified;
                command.Parameters[4].Value = body.ToArray();
            }

            command.ExecuteNonQuery();
        }

        if (generation is { } value)
        {
            setGeneration.Parameters[0].Value = value;
            setGeneration.ExecuteNonQuery();
        }
    }

    private void RollBack()
    {
        try
        {
            rollback.ExecuteNonQuery();
        }
        catch (SqliteException)
        {
            // SQLite has ended the transaction by itself, as when the disk is full.
        }
    }

    public void Dispose()
    {
        begin.Dispose();
        commit.Dispose();
        rollback.Dispose();
        upsert.Dispose();
        delete.Dispose();
        setGeneration.Dispose();
        connection.Dispose();
    }

    /// <summary>The system's library is used under its run-time name: the one without a version belongs to the development package.</summary>
    private static void SetProvider()
    {
        lock (ProviderGate)
        {
            if (providerSet)
            {
                return;
            }

            NativeLibrary.SetDllImportResolver(typeof(SQLite3Provider_sqlite3).Assembly, Resolve);
            raw.SetProvider(new SQLite3Provider_sqlite3());
            providerSet = true;
        }
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? search) =>
        name == "sqlite3" && NativeLibrary.TryLoad("libsqlite3.so.0", out nint handle) ? handle : 0;

    private static void CreatePrivate(string path)
    {
        if (File.Exists(path))
        {
            return;
        }

        using var created = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate,
            Access = FileAccess.Write,
            BufferSize = 0,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
    }

    private static void CheckSchema(string path, SqliteConnection connection)
    {
        long application = Scalar(connection, "PRAGMA application_id");
        long version = Scalar(connection, "PRAGMA user_version");
        long tables = Scalar(connection, "SELECT count(*) FROM sqlite_master");
        if (tables == 0 && application is 0 && version == 0)
        {
            Execute(connection, $"BEGIN; {Schema} PRAGMA application_id={ApplicationId}; PRAGMA user_version={SchemaVersion}; COMMIT;");
            return;
        }

        if (application != ApplicationId)
        {
            throw new DatabaseFileException(path, "is an SQLite file of another program");
        }

        if (version != SchemaVersion)
        {
            throw new DatabaseFileException(path, $"has version {version}, this daemon understands {SchemaVersion}");
        }
    }

    private static StoredRow? ReadRow(SqliteDataReader reader) => reader.Read()
        ? new StoredRow(reader.GetString(0), reader.GetString(1), reader.GetInt64(2), reader.GetInt64(3), reader.GetFieldValue<byte[]>(4))
        : null;

    private T Guarded<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (SqliteException error)
        {
            throw Refused(path, error);
        }
    }

    private static DatabaseFileException Refused(string path, SqliteException error) => new(path, error.SqliteErrorCode switch
    {
        raw.SQLITE_NOTADB => "is not a database (damaged, or of another program)",
        raw.SQLITE_CORRUPT => "is damaged",
        raw.SQLITE_BUSY or raw.SQLITE_LOCKED => "is in use by another process",
        _ => error.Message,
    }, error);

    private static long Scalar(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar() is long value ? value : 0;
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private SqliteCommand Prepare(string sql, params ReadOnlySpan<string> parameters)
    {
        SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (string name in parameters)
        {
            command.Parameters.Add(new SqliteParameter { ParameterName = name });
        }

        return command;
    }
}
