using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.VirtualMachines;

namespace Toolstack.Xapi.Forwarding;

/// <summary>Locks of VMs.</summary>
internal sealed class VmLockTarget : ILockTarget
{
    public async ValueTask EnterAsync(XapiDatabase database, string reference, string operation, string task, bool strict, CancellationToken cancel)
    {
        vm_operations parsed = vm_operationsCodec.Parse(operation);
        await database.Update(new Ref<VM>(reference), row =>
        {
            AllowedOperations.Assert(VmRows.Facts(row, reference), operation, strict);
            return VmRows.WithAllowed(row with { current_operations = row.current_operations.SetItem(task, parsed) }, reference);
        }, cancel).ConfigureAwait(false);
    }

    public async ValueTask LeaveAsync(XapiDatabase database, string reference, string task)
    {
        Ref<VM> self = new(reference);
        if (await database.Find(self).ConfigureAwait(false) is not null)
        {
            await database.Update(self,
                row => VmRows.WithAllowed(row with { current_operations = row.current_operations.Remove(task) }, reference)).ConfigureAwait(false);
        }
    }

    public async ValueTask<IReadOnlyList<string>> TasksOfAsync(
        XapiDatabase database, string reference, IReadOnlyCollection<string> operations, CancellationToken cancel)
    {
        VM row = await database.Get(new Ref<VM>(reference), cancel).ConfigureAwait(false);
        return [.. row.current_operations.Where(c => operations.Contains(vm_operationsCodec.Text(c.Value))).Select(static c => c.Key)];
    }
}
