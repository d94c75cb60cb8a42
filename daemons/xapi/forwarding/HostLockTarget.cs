using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;

namespace Toolstack.Xapi.Forwarding;

/// <summary>Locks of hosts.</summary>
internal sealed class HostLockTarget : ILockTarget
{
    public async ValueTask EnterAsync(XapiDatabase database, string reference, string operation, string task, bool strict, CancellationToken cancel)
    {
        Ref<host> self = new(reference);
        host current = await database.Get(self, cancel).ConfigureAwait(false);
        bool live = (await database.Find(current.metrics, cancel).ConfigureAwait(false))?.live ?? false;
        host_allowed_operations parsed = host_allowed_operationsCodec.Parse(operation);
        await database.Update(self, row =>
        {
            if (HostOperationTable.Check(reference, row.enabled, live, Current(row), operation) is { } error)
            {
                throw error;
            }

            return WithAllowed(row with { current_operations = row.current_operations.SetItem(task, parsed) }, reference, live);
        }, cancel).ConfigureAwait(false);
    }

    public async ValueTask LeaveAsync(XapiDatabase database, string reference, string task)
    {
        Ref<host> self = new(reference);
        if (await database.Find(self).ConfigureAwait(false) is not { } current)
        {
            return;
        }

        bool live = (await database.Find(current.metrics).ConfigureAwait(false))?.live ?? false;
        await database.Update(self,
            row => WithAllowed(row with { current_operations = row.current_operations.Remove(task) }, reference, live)).ConfigureAwait(false);
    }

    public async ValueTask<IReadOnlyList<string>> TasksOfAsync(
        XapiDatabase database, string reference, IReadOnlyCollection<string> operations, CancellationToken cancel)
    {
        host row = await database.Get(new Ref<host>(reference), cancel).ConfigureAwait(false);
        return [.. Current(row).Where(c => operations.Contains(c.Value)).Select(static c => c.Key)];
    }

    private static ImmutableArray<KeyValuePair<string, string>> Current(host row) =>
        [.. row.current_operations.Select(static c => KeyValuePair.Create(c.Key, host_allowed_operationsCodec.Text(c.Value)))];

    /// <summary>The row with allowed_operations as its other fields make them.</summary>
    public static host WithAllowed(host row, string reference, bool live)
    {
        // Many VMs may start at once: what they do to the host is all the same.
        ImmutableArray<KeyValuePair<string, string>> current = [.. Current(row).DistinctBy(static c => c.Value)];
        return row with
        {
            allowed_operations =
            [
                .. HostOperationTable.All
                    .Where(operation => HostOperationTable.Check(reference, row.enabled, live, current, operation) is null)
                    .Select(host_allowed_operationsCodec.Parse),
            ],
        };
    }
}
