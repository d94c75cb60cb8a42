using Microsoft.Extensions.Logging;
using Toolstack.Hosting;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Pool;
using Toolstack.Xapi.Storage;

namespace Toolstack.Xapi.Membership;

/// <summary>
/// pool.eject on the member that leaves: its role changes in one step, then its rows are taken out of the pool's database and it starts anew as a
/// pool of its own with an empty one. What of the rows could not be removed before, the start does (<see cref="FinishAsync"/>).
/// </summary>
internal sealed class LeavingHost(XapiServices services, ILogger logger)
{
    private const string Suffix = ".left";

    private string Path => services.Configuration.Get(PoolSettings.RoleFile) + Suffix;

    /// <summary>Raises OPERATION_NOT_ALLOWED [text] for the coordinator, HA_IS_ENABLED, HOST_HAS_RESIDENT_VMS [host].</summary>
    internal async Task EjectAsync(Ref<host> self, CancellationToken cancel)
    {
        if (services.Identity.IsCoordinator)
        {
            throw new XenApiError("OPERATION_NOT_ALLOWED", "the coordinator cannot be ejected; another host must be designated first");
        }

        if ((await services.Database.GetAll<pool>(cancel).ConfigureAwait(false)).Any(static p => p.Value.ha_enabled))
        {
            throw new XenApiError("HA_IS_ENABLED");
        }

        bool enabled = (await services.Database.Get(self, cancel).ConfigureAwait(false)).enabled;
        await HostState.SetEnabledAsync(services.Database, self, enabled: false, cancel).ConfigureAwait(false);
        try
        {
            await AssertEmptyAsync(self, cancel).ConfigureAwait(false);
            Decide();
        }
        catch
        {
            await HostState.SetEnabledAsync(services.Database, self, enabled, CancellationToken.None).ConfigureAwait(false);
            throw;
        }

        services.IsLeaving = true;
        try
        {
            await new HostRemoval(services.Database, new VdiStore(services.Database, services.Identity)).RemoveAsync(self, CancellationToken.None).ConfigureAwait(false);
        }
        catch (XenApiError error)
        {
            Log.RowsNotRemoved(logger, services.Identity.CoordinatorAddress, error.Message);
        }

        services.RestartSoon($"ejected from the pool of {services.Identity.CoordinatorAddress}");
    }

    /// <summary>After the start: what an ejection that was cut short has left in the former pool is removed. Gives up when that pool cannot be
    /// reached for long; host.destroy there does the same.</summary>
    internal async Task FinishAsync(CancellationToken cancel)
    {
        string[]? left = ConfigText.Read(Path)?.Split('\n');
        for (int attempt = 0; left is [{ } address, { } secret, ..] && services.Identity.IsCoordinator && attempt < PoolLimits.LeaveAttempts; attempt++)
        {
            try
            {
                RemoteDatabase database = services.Client.DatabaseOf(address, secret);
                Ref<host> self = await database.GetByUuid<host>(services.Identity.Uuid, cancel).ConfigureAwait(false);
                await new HostRemoval(database, new VdiStore(database, services.Identity)).RemoveAsync(self, cancel).ConfigureAwait(false);
                break;
            }
            catch (XenApiError error) when (error.Code == "UUID_INVALID")
            {
                break;
            }
            catch (XenApiError error)
            {
                Log.RowsNotRemoved(logger, address, error.Message);
                await Task.Delay(PoolLimits.RefusedPause, cancel).ConfigureAwait(false);
            }
        }

        File.Delete(Path);
    }

    private async Task AssertEmptyAsync(Ref<host> self, CancellationToken cancel)
    {
        foreach ((_, VM row) in await services.Database.GetAll<VM>(cancel).ConfigureAwait(false))
        {
            if (!row.is_control_domain && (row.resident_on == self || row.scheduled_to_be_resident_on == self))
            {
                throw new XenApiError("HOST_HAS_RESIDENT_VMS", self.ToString());
            }
        }
    }

    private void Decide()
    {
        try
        {
            ConfigText.Write(Path, $"{services.Identity.CoordinatorAddress}\n{services.Identity.PoolSecret}\n", UnixFileMode.UserRead | UnixFileMode.UserWrite);
            new RoleChange(RoleChange.Coordinator, "", DatabaseFate.Aside).Write(services.Configuration);
        }
        catch (ConfigurationException error)
        {
            throw new XenApiError("INTERNAL_ERROR", error.Message);
        }
    }
}
