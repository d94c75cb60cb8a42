using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Devices;
using Toolstack.Xapi.Storage;
using Toolstack.Xapi.VirtualMachines;

namespace Toolstack.Xapi.Forwarding;

/// <summary>What the coordinator puts right when it starts: the calls that held reservations ended with the process before it, and neither
/// current nor allowed operations outlive it.</summary>
internal static class CoordinatorStart
{
    public static async Task RunAsync(XapiDatabase database, Ref<host> localhost, CancellationToken cancel)
    {
        foreach ((Ref<VM> self, _) in await database.GetAll<VM>(cancel).ConfigureAwait(false))
        {
            // A VM that was on its way to another host may have arrived there: that host's resync settles where it is. One that was to start on
            // another host may be starting there, and must not be started elsewhere: it goes to that host again, or waits until that is over.
            // A call may have come in already: its locks and its reservation are of this process.
            await database.Update(self, row => VmRows.WithAllowed(
                row.current_operations.IsEmpty && row.scheduled_to_be_resident_on == (row.resident_on.IsNull ? localhost : row.resident_on)
                    ? row with { scheduled_to_be_resident_on = Ref<host>.Null }
                    : row,
                self.ToString()), cancel)
                .ConfigureAwait(false);
        }

        StorageFacts storage = new(database);
        foreach ((Ref<SR> self, _) in await database.GetAll<SR>(cancel).ConfigureAwait(false))
        {
            await storage.UpdateAllowedAsync(self, cancel).ConfigureAwait(false);
        }

        foreach ((Ref<VDI> self, _) in await database.GetAll<VDI>(cancel).ConfigureAwait(false))
        {
            await storage.UpdateAllowedAsync(self, cancel).ConfigureAwait(false);
        }

        DeviceFacts devices = new(database);
        foreach ((_, VM row) in await database.GetAll<VM>(cancel).ConfigureAwait(false))
        {
            await devices.UpdateAllowedAsync(row, cancel).ConfigureAwait(false);
        }

        foreach ((Ref<host> self, host row) in await database.GetAll<host>(cancel).ConfigureAwait(false))
        {
            bool live = (await database.Find(row.metrics, cancel).ConfigureAwait(false))?.live ?? false;
            await database.Update(self, current => HostLockTarget.WithAllowed(current, self.ToString(), live), cancel).ConfigureAwait(false);
        }
    }
}
