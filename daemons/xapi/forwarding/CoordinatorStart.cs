using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.VirtualMachines;

namespace Toolstack.Xapi.Forwarding;

/// <summary>What the coordinator puts right when it starts: the calls that held locks and reservations ended with the process before it.</summary>
internal static class CoordinatorStart
{
    public static async Task RunAsync(XapiDatabase database, CancellationToken cancel)
    {
        foreach ((Ref<VM> self, _) in await database.GetAll<VM>(cancel).ConfigureAwait(false))
        {
            await database.Update(self, row => VmRows.WithAllowed(
                row with { current_operations = row.current_operations.Clear(), scheduled_to_be_resident_on = Ref<host>.Null }, self.ToString()), cancel)
                .ConfigureAwait(false);
        }

        foreach ((Ref<host> self, host row) in await database.GetAll<host>(cancel).ConfigureAwait(false))
        {
            bool live = (await database.Find(row.metrics, cancel).ConfigureAwait(false))?.live ?? false;
            await database.Update(self, current => HostLockTarget.WithAllowed(
                current with { current_operations = current.current_operations.Clear() }, self.ToString(), live), cancel).ConfigureAwait(false);
        }
    }
}
