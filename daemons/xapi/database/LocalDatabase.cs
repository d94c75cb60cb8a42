using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Toolstack.Idl;

namespace Toolstack.Xapi.Database;

/// <summary>
/// The coordinator's database: immutable rows in memory, read without a lock from the newest snapshot; mutations one at a time under a
/// lock that is never held across a wait. A mutation of persistent fields ends when its batch is on disk; other readers may see it
/// before. Generations, inverse sets and uniqueness follow the original database's rules.
/// </summary>
public sealed partial class LocalDatabase : XapiDatabase, IChangeLog, IAsyncDisposable
{
    private readonly Schema schema;
    private readonly CommitQueue? queue;
    private readonly FieldProbe probe = new();
    private readonly Lock gate = new();
    private volatile Snapshot current;
    private long reserved;

    private LocalDatabase(Schema schema, Snapshot start, CommitQueue? queue, long reserved)
    {
        this.schema = schema;
        this.queue = queue;
        this.reserved = reserved;
        current = start;
        Unhurried = new UnhurriedDatabase(this);
    }

    /// <summary>A database that forgets everything with the process.</summary>
    public static LocalDatabase InMemory(IEnumerable<XenClass> classes)
    {
        Schema schema = new(classes);
        return new LocalDatabase(schema, DatabaseLoader.Build(schema, [], 0, ""), null, long.MaxValue);
    }

    /// <summary>The rows of a dump, in memory only.</summary>
    internal static LocalDatabase Of(ImportedState state, IEnumerable<XenClass> classes)
    {
        Schema schema = new(classes);
        return new LocalDatabase(schema, DatabaseLoader.Build(schema, state.Rows, state.Generation, "dump"), null, long.MaxValue);
    }

    /// <summary>Reads the file at <paramref name="path"/>, creating it when there is none. Raises <see cref="DatabaseFileException"/>.</summary>
    public static LocalDatabase Open(string path, IEnumerable<XenClass> classes, ILogger logger)
    {
        Schema schema = new(classes);
        SqliteStore store = SqliteStore.Open(path);
        try
        {
            (Snapshot start, long reserved) = DatabaseLoader.Load(schema, store, path);
            Log.DatabaseOpened(logger, path, start.Tables.Sum(static table => table.Rows.Count), start.Generation);
            var queue = new CommitQueue(store, RowCodec.Encode, logger);
            return new LocalDatabase(schema, start, queue, reserved);
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override ValueTask<T?> Find<T>(Ref<T> self, CancellationToken cancel = default)
        where T : class => new((T?)current.Find(T.Info, self.ToString())?.Row);

    /// <inheritdoc/>
    public override ValueTask<Ref<T>> GetByUuid<T>(string uuid, CancellationToken cancel = default) =>
        RefByUuid(T.Info, uuid) is { } reference ? new(new Ref<T>(reference)) : throw new XenApiError("UUID_INVALID", T.Info.Name, uuid);

    /// <inheritdoc/>
    public override ValueTask<IReadOnlyList<KeyValuePair<Ref<T>, T>>> GetAll<T>(CancellationToken cancel = default)
    {
        ImmutableDictionary<string, RowView> rows = current.Tables[schema[T.Info]].Rows;
        var all = new List<KeyValuePair<Ref<T>, T>>(rows.Count);
        foreach ((string reference, RowView row) in rows)
        {
            all.Add(new(new Ref<T>(reference), (T)row.Row));
        }

        return new(all);
    }

    /// <inheritdoc/>
    public override ValueTask Adopt<T>(Ref<T> self, T row, CancellationToken cancel = default) => InsertAsync(T.Info, self.ToString(), row, cancel);

    /// <inheritdoc/>
    public override async ValueTask<T> Update<T>(Ref<T> self, Func<T, T> change, CancellationToken cancel = default) =>
        (T)await UpdateUntypedAsync(T.Info, self.ToString(), row => change((T)row), cancel).ConfigureAwait(false);

    /// <inheritdoc/>
    public override ValueTask Destroy<T>(Ref<T> self, CancellationToken cancel = default) => DestroyAsync(T.Info, self.ToString(), cancel);

    /// <inheritdoc/>
    public async ValueTask<XenObject> UpdateUntypedAsync(XenClass c, string reference, Func<XenObject, XenObject> change, CancellationToken cancel)
    {
        (XenObject row, Task? commit) = await ChangeAsync(c, draft => Replace(draft, c, reference, change), cancel).ConfigureAwait(false);
        await DurableAsync(commit).ConfigureAwait(false);
        return row;
    }

    /// <inheritdoc/>
    public XenObject UpdateUntyped(XenClass c, string reference, Func<XenObject, XenObject> change)
    {
        lock (gate)
        {
            Draft draft = new(schema, current, probe);
            XenObject row = Replace(draft, c, reference, change);
            Publish(draft);
            return row;
        }
    }

    /// <summary>Adds a row under a reference of the caller's choice. DB_UNIQUENESS_CONSTRAINT_VIOLATION [class; field; value] when one is taken.</summary>
    internal async ValueTask InsertAsync(XenClass c, string reference, XenObject row, CancellationToken cancel)
    {
        (_, Task? commit) = await ChangeAsync(c, draft => Insert(draft, c, reference, row), cancel).ConfigureAwait(false);
        await DurableAsync(commit).ConfigureAwait(false);
    }

    /// <summary>Removes a row. HANDLE_INVALID [class; ref].</summary>
    internal async ValueTask DestroyAsync(XenClass c, string reference, CancellationToken cancel)
    {
        (_, Task? commit) = await ChangeAsync(c, draft => Remove(draft, c, reference), cancel).ConfigureAwait(false);
        await DurableAsync(commit).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override XapiDatabase Unhurried { get; }

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancel) => queue?.FlushAsync(cancel) ?? Task.CompletedTask;

    /// <summary>Writes what is left and closes the file.</summary>
    public ValueTask DisposeAsync() => queue?.DisposeAsync() ?? ValueTask.CompletedTask;

    /// <summary>Makes one change of the class once there is room for it and nobody holds the database still; the task, if any, ends when the
    /// change is on disk.</summary>
    private async ValueTask<(XenObject Row, Task? Commit)> ChangeAsync(XenClass c, Func<Draft, XenObject> change, CancellationToken cancel)
    {
        while (true)
        {
            await RoomAsync(c, cancel).ConfigureAwait(false);
            lock (gate)
            {
                if (!IsHeld(c))
                {
                    Draft draft = new(schema, current, probe);
                    XenObject row = change(draft);
                    return (row, Publish(draft));
                }
            }
        }
    }

    private XenObject Insert(Draft draft, XenClass c, string reference, XenObject row)
    {
        draft.Insert(schema[c], reference, row);
        return row;
    }

    private XenObject Replace(Draft draft, XenClass c, string reference, Func<XenObject, XenObject> change)
    {
        RowView old = Existing(draft, c, reference);
        return draft.Replace(schema[c], old, change(old.Row)).Row;
    }

    private XenObject Remove(Draft draft, XenClass c, string reference)
    {
        RowView old = Existing(draft, c, reference);
        draft.Remove(schema[c], old);
        return old.Row;
    }

    private RowView Existing(Draft draft, XenClass c, string reference) =>
        draft.Find(schema[c], reference) ?? throw new XenApiError("HANDLE_INVALID", c.Name, reference);

    /// <summary>Makes a draft the present; under the lock, so that changes reach the queue in the order of their generations.</summary>
    private Task? Publish(Draft draft)
    {
        if (!draft.IsChanged)
        {
            return null;
        }

        Task? commit = null;
        foreach (DurableChange change in draft.Durable)
        {
            commit = queue?.Enqueue(change.Class, change.Reference, change.Row);
        }

        current = draft.ToSnapshot();
        if (current.Generation > reserved - (DatabaseLimits.GenerationReserve / 2))
        {
            reserved += DatabaseLimits.GenerationReserve;
            queue?.Reserve(reserved);
        }

        Signal();
        return commit;
    }

    private async ValueTask RoomAsync(XenClass c, CancellationToken cancel)
    {
        if (Volatile.Read(ref held) is { } waited && IsHeld(c))
        {
            await waited.Task.WaitAsync(cancel).ConfigureAwait(false);
        }

        if (queue is not null)
        {
            await queue.RoomAsync(cancel).ConfigureAwait(false);
        }
    }

    /// <summary>Not cancellable: the change has been made, so the caller is told whether it lasts.</summary>
    private Task DurableAsync(Task? commit) => commit is null ? Task.CompletedTask : queue!.DurableAsync(commit, CancellationToken.None);

    /// <summary>This database, whose changes end before they are on disk.</summary>
    private sealed class UnhurriedDatabase(LocalDatabase owner) : XapiDatabase
    {
        public override ValueTask<T?> Find<T>(Ref<T> self, CancellationToken cancel = default)
            where T : class => owner.Find(self, cancel);

        public override ValueTask<Ref<T>> GetByUuid<T>(string uuid, CancellationToken cancel = default) => owner.GetByUuid<T>(uuid, cancel);

        public override ValueTask<IReadOnlyList<KeyValuePair<Ref<T>, T>>> GetAll<T>(CancellationToken cancel = default) => owner.GetAll<T>(cancel);

        public override async ValueTask Adopt<T>(Ref<T> self, T row, CancellationToken cancel = default) =>
            await owner.ChangeAsync(T.Info, draft => owner.Insert(draft, T.Info, self.ToString(), row), cancel).ConfigureAwait(false);

        public override async ValueTask<T> Update<T>(Ref<T> self, Func<T, T> change, CancellationToken cancel = default) =>
            (T)(await owner.ChangeAsync(T.Info, draft => owner.Replace(draft, T.Info, self.ToString(), row => change((T)row)), cancel).ConfigureAwait(false)).Row;

        public override async ValueTask Destroy<T>(Ref<T> self, CancellationToken cancel = default) =>
            await owner.ChangeAsync(T.Info, draft => owner.Remove(draft, T.Info, self.ToString()), cancel).ConfigureAwait(false);

        public override Task FlushAsync(CancellationToken cancel) => owner.FlushAsync(cancel);
    }
}
