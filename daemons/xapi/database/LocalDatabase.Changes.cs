using Toolstack.Idl;

namespace Toolstack.Xapi.Database;

/// <summary>The side of the database that events and implicit messages see.</summary>
public sealed partial class LocalDatabase
{
    /// <summary>Made by the first waiter and taken away by the next change: a change that nobody waits for costs one exchange.</summary>
    private TaskCompletionSource? signal;

    /// <inheritdoc/>
    public IDatabaseView View => current;

    /// <inheritdoc/>
    public long Generation => current.Generation;

    /// <inheritdoc/>
    public IReadOnlyList<RowView> Rows(XenClass c) => current.Rows(c);

    /// <inheritdoc/>
    public IReadOnlyList<DeletedRow> Deleted(XenClass c) => current.Deleted(c);

    /// <inheritdoc/>
    public int Count(XenClass c) => current.Count(c);

    /// <inheritdoc/>
    public XenObject? FindUntyped(XenClass c, string reference) => current.Find(c, reference)?.Row;

    /// <inheritdoc/>
    public string? RefByUuid(XenClass c, string uuid) =>
        current.Uuids.TryGetValue(uuid, out Place place) && place.Table == schema[c] ? place.Reference : null;

    /// <summary>The references of the rows of the class with this name_label.</summary>
    public IReadOnlyCollection<string> RefsByName(XenClass c, string label) => current.Tables[schema[c]].Named(label);

    /// <inheritdoc/>
    public async Task WaitForChangeAsync(long sinceGeneration, CancellationToken cancel)
    {
        while (current.Generation <= sinceGeneration)
        {
            var fresh = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            TaskCompletionSource waited = Interlocked.CompareExchange(ref signal, fresh, null) ?? fresh;

            // A change published before the exchange above is seen here; a later one takes the source away and completes it.
            if (current.Generation > sinceGeneration)
            {
                return;
            }

            await waited.Task.WaitAsync(cancel).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public long Touch(string cls, string reference)
    {
        lock (gate)
        {
            Draft draft = new(schema, current, probe);
            if (schema.Find(cls) is not { } table || draft.Find(table, reference) is not { } row)
            {
                throw new XenApiError("HANDLE_INVALID", cls, reference);
            }

            long marked = draft.Touch(table, row);
            Publish(draft);
            return marked;
        }
    }

    /// <inheritdoc/>
    public void Wake()
    {
        lock (gate)
        {
            Draft draft = new(schema, current, probe);
            draft.Skip();
            Publish(draft);
        }
    }

    private void Signal() => Interlocked.Exchange(ref signal, null)?.TrySetResult();
}
