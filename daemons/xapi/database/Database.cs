using Toolstack.Idl;

namespace Toolstack.Xapi.Database;

/// <summary>
/// The pool's database as typed rows. The coordinator's implementation is in memory; a member's asks the coordinator.
/// Rows are immutable: a reader never sees half of a change.
/// </summary>
public abstract class XapiDatabase
{
    /// <summary>The row, or null when the reference names none of this class.</summary>
    public abstract ValueTask<T?> Find<T>(Ref<T> self, CancellationToken cancel = default) where T : XenObject, IXenObject<T>;

    /// <summary>The row. Raises HANDLE_INVALID [class; ref].</summary>
    public async ValueTask<T> Get<T>(Ref<T> self, CancellationToken cancel = default) where T : XenObject, IXenObject<T> =>
        await Find(self, cancel).ConfigureAwait(false) ?? throw new XenApiError("HANDLE_INVALID", T.Info.Name, self.ToString());

    /// <summary>Raises UUID_INVALID [class; uuid].</summary>
    public abstract ValueTask<Ref<T>> GetByUuid<T>(string uuid, CancellationToken cancel = default) where T : XenObject, IXenObject<T>;

    /// <summary>Every row of the class, as one consistent picture.</summary>
    public abstract ValueTask<IReadOnlyList<KeyValuePair<Ref<T>, T>>> GetAll<T>(CancellationToken cancel = default) where T : XenObject, IXenObject<T>;

    /// <summary>Adds a row, whose uuid the caller has set, and returns its new reference.</summary>
    public async ValueTask<Ref<T>> Create<T>(T row, CancellationToken cancel = default) where T : XenObject, IXenObject<T>
    {
        Ref<T> self = Ref<T>.New();
        await Adopt(self, row, cancel).ConfigureAwait(false);
        return self;
    }

    /// <summary>Adds a row under the reference that it has had in another database.
    /// Raises DB_UNIQUENESS_CONSTRAINT_VIOLATION [class; field; value] when the reference or the uuid is taken.</summary>
    public abstract ValueTask Adopt<T>(Ref<T> self, T row, CancellationToken cancel = default) where T : XenObject, IXenObject<T>;

    /// <summary>Replaces the row by what <paramref name="change"/> makes of it, atomically for the row: the function may be called again if
    /// another change came first, so it only computes. An identical row is no change and causes no event. Returns the new row.
    /// Raises HANDLE_INVALID [class; ref].</summary>
    public abstract ValueTask<T> Update<T>(Ref<T> self, Func<T, T> change, CancellationToken cancel = default) where T : XenObject, IXenObject<T>;

    /// <summary>Removes the row. Raises HANDLE_INVALID [class; ref].</summary>
    public abstract ValueTask Destroy<T>(Ref<T> self, CancellationToken cancel = default) where T : XenObject, IXenObject<T>;

    /// <summary>The same rows, changed without a wait for the disk: what was changed lasts once <see cref="FlushAsync"/> has ended. For changes
    /// that are made in a row before one answer, and for those that a restart makes again. A member's database is its own: what it changes
    /// is on the coordinator's disk when the change ends.</summary>
    public virtual XapiDatabase Unhurried => this;

    /// <summary>Ends when everything changed so far is on disk. Raises INTERNAL_ERROR when the disk failed or did not answer in time.</summary>
    public virtual Task FlushAsync(CancellationToken cancel) => Task.CompletedTask;
}
