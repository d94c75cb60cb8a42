using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Forwarding;

namespace Toolstack.Xapi.Storage;

/// <summary>Locks of VDIs.</summary>
internal sealed class VdiLockTarget : ILockTarget
{
    public async ValueTask EnterAsync(XapiDatabase database, string reference, string operation, string task, bool strict, CancellationToken cancel)
    {
        Ref<VDI> self = new(reference);
        vdi_operations parsed = vdi_operationsCodec.Parse(operation);
        VdiUse use = await new StorageFacts(database).UseAsync(await database.Get(self, cancel).ConfigureAwait(false), cancel).ConfigureAwait(false);
        await database.Update(self, row =>
        {
            if (StorageRules.Check(reference, row, use, parsed) is { } error)
            {
                throw error;
            }

            return StorageRules.WithAllowed(reference, row with { current_operations = row.current_operations.SetItem(task, parsed) }, use);
        }, cancel).ConfigureAwait(false);
    }

    public async ValueTask LeaveAsync(XapiDatabase database, string reference, string task)
    {
        Ref<VDI> self = new(reference);
        if (await database.Find(self).ConfigureAwait(false) is { } row)
        {
            VdiUse use = await new StorageFacts(database).UseAsync(row, CancellationToken.None).ConfigureAwait(false);
            await database.Update(self, current => StorageRules.WithAllowed(
                reference, current with { current_operations = current.current_operations.Remove(task) }, use)).ConfigureAwait(false);
        }
    }

    public async ValueTask<IReadOnlyList<string>> TasksOfAsync(
        XapiDatabase database, string reference, IReadOnlyCollection<string> operations, CancellationToken cancel)
    {
        VDI row = await database.Get(new Ref<VDI>(reference), cancel).ConfigureAwait(false);
        return [.. row.current_operations.Where(c => operations.Contains(vdi_operationsCodec.Text(c.Value))).Select(static c => c.Key)];
    }
}

/// <summary>Locks of SRs.</summary>
internal sealed class SrLockTarget : ILockTarget
{
    public async ValueTask EnterAsync(XapiDatabase database, string reference, string operation, string task, bool strict, CancellationToken cancel)
    {
        Ref<SR> self = new(reference);
        storage_operations parsed = storage_operationsCodec.Parse(operation);
        SR before = await database.Get(self, cancel).ConfigureAwait(false);
        (bool attached, bool occupied) = await new StorageFacts(database).StateAsync(self, before, cancel).ConfigureAwait(false);
        await database.Update(self, row =>
        {
            if (StorageRules.Check(reference, row, attached, occupied, parsed) is { } error)
            {
                throw error;
            }

            return StorageRules.WithAllowed(
                reference, row with { current_operations = row.current_operations.SetItem(task, parsed) }, attached, occupied);
        }, cancel).ConfigureAwait(false);
    }

    public async ValueTask LeaveAsync(XapiDatabase database, string reference, string task)
    {
        Ref<SR> self = new(reference);
        if (await database.Find(self).ConfigureAwait(false) is { } row)
        {
            (bool attached, bool occupied) = await new StorageFacts(database).StateAsync(self, row, CancellationToken.None).ConfigureAwait(false);
            await database.Update(self, current => StorageRules.WithAllowed(
                reference, current with { current_operations = current.current_operations.Remove(task) }, attached, occupied)).ConfigureAwait(false);
        }
    }

    public async ValueTask<IReadOnlyList<string>> TasksOfAsync(
        XapiDatabase database, string reference, IReadOnlyCollection<string> operations, CancellationToken cancel)
    {
        SR row = await database.Get(new Ref<SR>(reference), cancel).ConfigureAwait(false);
        return [.. row.current_operations.Where(c => operations.Contains(storage_operationsCodec.Text(c.Value))).Select(static c => c.Key)];
    }
}
