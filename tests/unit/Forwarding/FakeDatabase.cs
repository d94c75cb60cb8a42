using System.Collections.Concurrent;
using Toolstack.Idl;
using Toolstack.Xapi.Database;

namespace Toolstack.Tests.Forwarding;

/// <summary>Rows in a dictionary: the contract of the database without its storage.</summary>
internal sealed class FakeDatabase : XapiDatabase
{
    private readonly Lock gate = new();
    private readonly ConcurrentDictionary<string, XenObject> rows = new(StringComparer.Ordinal);

    /// <summary>Adds a row under a reference of the test's choice.</summary>
    public Ref<T> Add<T>(string reference, T row) where T : XenObject, IXenObject<T>
    {
        rows[reference] = row;
        return new Ref<T>(reference);
    }

    /// <summary>Called when a caller asks for what it changed to be on disk.</summary>
    public Action? Flushed { get; set; }

    /// <summary>The row as it is now.</summary>
    public T Row<T>(Ref<T> self) where T : XenObject, IXenObject<T> => (T)rows[self.ToString()];

    public override ValueTask<T?> Find<T>(Ref<T> self, CancellationToken cancel = default) where T : class =>
        ValueTask.FromResult(rows.GetValueOrDefault(self.ToString()) as T);

    public override ValueTask<Ref<T>> GetByUuid<T>(string uuid, CancellationToken cancel = default)
    {
        foreach ((string reference, XenObject row) in rows)
        {
            if (row is T && row.Uuid == uuid)
            {
                return ValueTask.FromResult(new Ref<T>(reference));
            }
        }

        throw new XenApiError("UUID_INVALID", T.Info.Name, uuid);
    }

    public override ValueTask<IReadOnlyList<KeyValuePair<Ref<T>, T>>> GetAll<T>(CancellationToken cancel = default) =>
        ValueTask.FromResult<IReadOnlyList<KeyValuePair<Ref<T>, T>>>(
            [.. rows.Where(static r => r.Value is T).OrderBy(static r => r.Key, StringComparer.Ordinal)
                .Select(static r => KeyValuePair.Create(new Ref<T>(r.Key), (T)r.Value))]);

    public override ValueTask Adopt<T>(Ref<T> self, T row, CancellationToken cancel = default) =>
        rows.TryAdd(self.ToString(), row) ? ValueTask.CompletedTask : throw new XenApiError("DB_UNIQUENESS_CONSTRAINT_VIOLATION", T.Info.Name, "_ref", self.ToString());

    public override ValueTask<T> Update<T>(Ref<T> self, Func<T, T> change, CancellationToken cancel = default)
    {
        lock (gate)
        {
            if (rows.GetValueOrDefault(self.ToString()) is not T row)
            {
                throw new XenApiError("HANDLE_INVALID", T.Info.Name, self.ToString());
            }

            T changed = change(row);
            rows[self.ToString()] = changed;
            return ValueTask.FromResult(changed);
        }
    }

    public override ValueTask Destroy<T>(Ref<T> self, CancellationToken cancel = default) =>
        rows.TryRemove(self.ToString(), out _) ? ValueTask.CompletedTask : throw new XenApiError("HANDLE_INVALID", T.Info.Name, self.ToString());

    public override Task FlushAsync(CancellationToken cancel)
    {
        Flushed?.Invoke();
        return Task.CompletedTask;
    }
}
