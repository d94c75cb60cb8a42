using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Membership;
using Toolstack.Xapi.Storage;

namespace Toolstack.Xapi.Hosts;

/// <summary>The host's part in changes of the pool, and the removal of hosts that are gone.</summary>
internal sealed partial class HostMessages
{
    internal required CoordinatorChange Change { get; init; }

    internal required DatabaseBackup Backup { get; init; }

    /// <summary>Raises HA_ABORT_NEW_MASTER [reason].</summary>
    public override Task propose_new_master(Call call, string address, bool manual)
    {
        Change.Propose(address);
        return Task.CompletedTask;
    }

    /// <summary>Raises HA_ABORT_NEW_MASTER [reason].</summary>
    public override Task commit_new_master(Call call, string address)
    {
        Change.Commit(address);
        return Task.CompletedTask;
    }

    public override Task abort_new_master(Call call, string address)
    {
        Change.Abort(address);
        return Task.CompletedTask;
    }

    /// <summary>Raises HA_NOT_ENABLED: high availability is never armed here, so there is nothing to stop.</summary>
    public override Task emergency_ha_disable(Call call, bool soft = false) => throw new XenApiError("HA_NOT_ENABLED");

    /// <summary>Fetches a copy of the pool's database that is newer than the host's. Raises CANNOT_CONTACT_HOST [address].</summary>
    public override Task request_backup(Call call, Ref<host> host, long generation, bool force) => Backup.RequestAsync(generation, force, call.Cancellation);

    /// <summary>Removes the rows of a host that is gone, and those of its own SRs. Raises HOST_CANNOT_DESTROY_SELF [host], HOST_IS_LIVE [host],
    /// HOST_HAS_RESIDENT_VMS [host].</summary>
    public override async Task destroy(Call call, Ref<host> self)
    {
        if (self == services.Identity.Localhost)
        {
            throw new XenApiError("HOST_CANNOT_DESTROY_SELF", self.ToString());
        }

        await AssertDeadAsync(self, call.Cancellation).ConfigureAwait(false);
        host row = await database.Get(self, call.Cancellation).ConfigureAwait(false);
        foreach (Ref<VM> vm in row.resident_VMs)
        {
            if (await database.Find(vm, call.Cancellation).ConfigureAwait(false) is { is_control_domain: false })
            {
                throw new XenApiError("HOST_HAS_RESIDENT_VMS", self.ToString());
            }
        }

        await new HostRemoval(database, new VdiStore(database, services.Identity)).RemoveAsync(self, call.Cancellation).ConfigureAwait(false);
    }
}
