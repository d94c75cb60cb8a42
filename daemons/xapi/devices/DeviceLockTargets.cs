using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Forwarding;

namespace Toolstack.Xapi.Devices;

/// <summary>Locks of VBDs.</summary>
internal sealed class VbdLockTarget : ILockTarget
{
    public async ValueTask EnterAsync(XapiDatabase database, string reference, string operation, string task, bool strict, CancellationToken cancel)
    {
        Ref<VBD> self = new(reference);
        vbd_operations parsed = vbd_operationsCodec.Parse(operation);
        DeviceFacts reader = new(database);
        VbdFacts facts = await reader.OfAsync(self, await database.Get(self, cancel).ConfigureAwait(false), cancel).ConfigureAwait(false);
        await database.Update(self, row =>
        {
            if (DeviceRules.Check(reference, row, facts, parsed) is { } error)
            {
                throw error;
            }

            return row with { current_operations = row.current_operations.SetItem(task, parsed) };
        }, cancel).ConfigureAwait(false);
        await reader.UpdateAllowedAsync(self, cancel).ConfigureAwait(false);
    }

    public async ValueTask LeaveAsync(XapiDatabase database, string reference, string task)
    {
        Ref<VBD> self = new(reference);
        if (await database.Find(self).ConfigureAwait(false) is not null)
        {
            await database.Update(self, row => row with { current_operations = row.current_operations.Remove(task) }).ConfigureAwait(false);
            await new DeviceFacts(database).UpdateAllowedAsync(self, CancellationToken.None).ConfigureAwait(false);
        }
    }

    public async ValueTask<IReadOnlyList<string>> TasksOfAsync(
        XapiDatabase database, string reference, IReadOnlyCollection<string> operations, CancellationToken cancel)
    {
        VBD row = await database.Get(new Ref<VBD>(reference), cancel).ConfigureAwait(false);
        return [.. row.current_operations.Where(c => operations.Contains(vbd_operationsCodec.Text(c.Value))).Select(static c => c.Key)];
    }
}

/// <summary>Locks of VIFs.</summary>
internal sealed class VifLockTarget : ILockTarget
{
    public async ValueTask EnterAsync(XapiDatabase database, string reference, string operation, string task, bool strict, CancellationToken cancel)
    {
        Ref<VIF> self = new(reference);
        vif_operations parsed = vif_operationsCodec.Parse(operation);
        DeviceFacts reader = new(database);
        VIF before = await database.Get(self, cancel).ConfigureAwait(false);
        VM vm = await database.Get(before.VM, cancel).ConfigureAwait(false);
        bool drivers = await reader.HasDriversAsync(vm, static m => m.can_use_hotplug_vif, cancel).ConfigureAwait(false);
        await database.Update(self, row =>
        {
            if (DeviceRules.Check(reference, row, before.VM, vm, drivers, parsed) is { } error)
            {
                throw error;
            }

            return row with { current_operations = row.current_operations.SetItem(task, parsed), allowed_operations = [] };
        }, cancel).ConfigureAwait(false);
    }

    public async ValueTask LeaveAsync(XapiDatabase database, string reference, string task)
    {
        Ref<VIF> self = new(reference);
        if (await database.Find(self).ConfigureAwait(false) is not null)
        {
            await database.Update(self, row => row with { current_operations = row.current_operations.Remove(task) }).ConfigureAwait(false);
            await new DeviceFacts(database).UpdateAllowedAsync(self, CancellationToken.None).ConfigureAwait(false);
        }
    }

    public async ValueTask<IReadOnlyList<string>> TasksOfAsync(
        XapiDatabase database, string reference, IReadOnlyCollection<string> operations, CancellationToken cancel)
    {
        VIF row = await database.Get(new Ref<VIF>(reference), cancel).ConfigureAwait(false);
        return [.. row.current_operations.Where(c => operations.Contains(vif_operationsCodec.Text(c.Value))).Select(static c => c.Key)];
    }
}
