using System.Net;
using Microsoft.Extensions.Logging;
using Toolstack.Hosting;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Pool;

namespace Toolstack.Xapi.Membership;

/// <summary>
/// How another host becomes the coordinator: by agreement of all (<see cref="DesignateAsync"/>: propose, then commit or abort), or by the word of an
/// administrator when the coordinator is gone. From the proposal on the coordinator changes nothing, so that what the new one takes over is all
/// that clients were told had succeeded.
/// </summary>
internal sealed class CoordinatorChange(XapiServices services, DatabaseBackup backup, ILogger logger)
{
    private readonly Lock gate = new();
    private string? proposed;

    /// <summary>Another host wants to be the coordinator; holds until the commit, the abort, or the deadline.
    /// Raises HA_ABORT_NEW_MASTER [reason] while another is proposed.</summary>
    internal void Propose(string address)
    {
        lock (gate)
        {
            if (proposed is not null || services.IsLeaving)
            {
                throw new XenApiError("HA_ABORT_NEW_MASTER", $"{proposed ?? "another change"} is being agreed on");
            }

            proposed = address;
        }

        (services.Database as LocalDatabase)?.Hold();
        _ = ForgetAsync();

        async Task ForgetAsync()
        {
            await Task.Delay(PoolLimits.ProposalDeadline, services.Stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Abort(address);
        }
    }

    /// <summary>The proposed host is the coordinator: this one starts anew as its member. Raises HA_ABORT_NEW_MASTER [reason] when it is not
    /// proposed any more.</summary>
    internal void Commit(string address)
    {
        lock (gate)
        {
            if (proposed != address)
            {
                throw new XenApiError("HA_ABORT_NEW_MASTER", $"{address} is not proposed");
            }

            Change(RoleChange.MemberOf(address), DatabaseFate.Aside);
            proposed = null;
        }

        // The database stays as it is: nobody may be told any more that a change of it succeeded.
        services.RestartSoon($"{address} is the coordinator");
    }

    /// <summary>Nothing comes of it. No error when nothing was proposed.</summary>
    internal void Abort(string address)
    {
        lock (gate)
        {
            if (proposed != address)
            {
                return;
            }

            proposed = null;
        }

        (services.Database as LocalDatabase)?.Release();
    }

    /// <summary>This member becomes the coordinator of a pool whose hosts all agree. Nothing for the coordinator. Raises HA_IS_ENABLED,
    /// HA_ABORT_NEW_MASTER [reason] and CANNOT_CONTACT_HOST [address] when one does not; then everything is as before. When the coordinator was
    /// lost in the moment of its agreement the error is the same, and the host starts anew as a broken one, which does nothing until it is told.</summary>
    internal async Task DesignateAsync(CancellationToken cancel)
    {
        if (services.Identity.IsCoordinator)
        {
            return;
        }

        pool row = (await services.Database.GetAll<pool>(cancel).ConfigureAwait(false))[0].Value;
        if (row.ha_enabled)
        {
            throw new XenApiError("HA_IS_ENABLED");
        }

        List<string> members = await OtherMembersAsync(row.master, cancel).ConfigureAwait(false);
        string coordinator = services.Identity.CoordinatorAddress;
        List<string> agreed = [];
        try
        {
            // The coordinator last: from then on nothing changes.
            foreach (string address in members.Append(coordinator))
            {
                await TellAsync(address, "host.propose_new_master", cancel, new Value.Bool(true)).ConfigureAwait(false);
                agreed.Add(address);
            }

            await backup.PrepareFromCoordinatorAsync(cancel).ConfigureAwait(false);
            Change(RoleChange.Broken, DatabaseFate.Keep);
            await CommitCoordinatorAsync(coordinator).ConfigureAwait(false);
        }
        catch (XenApiError) when (!services.IsLeaving)
        {
            await AbortAsync(agreed).ConfigureAwait(false);
            throw;
        }

        foreach (string address in members)
        {
            await TryTellAsync(address, "host.commit_new_master").ConfigureAwait(false);
        }

        Change(RoleChange.Coordinator, DatabaseFate.Keep);
        services.RestartSoon("designated as the coordinator");
    }

    /// <summary>This member becomes the coordinator of a pool that has lost its own, with the newest copy of the database that it has.
    /// Nothing for the coordinator. Raises INTERNAL_ERROR [text] when it has none.</summary>
    internal async Task TransitionAsync(CancellationToken cancel)
    {
        if (services.Identity.IsCoordinator)
        {
            return;
        }

        // A broken host has taken over the coordinator's last state: no copy is newer.
        if (!services.Identity.IsBroken || !File.Exists(DatabaseFiles.Prepared(services.Configuration.Get(PoolSettings.DatabasePath))))
        {
            await backup.PrepareFromCopyAsync(cancel).ConfigureAwait(false);
        }

        Change(RoleChange.Coordinator, DatabaseFate.Keep);
        services.RestartSoon("an administrator made this host the coordinator");
    }

    /// <summary>This host is a member of the pool of the coordinator at the address. Nothing when it is already. Raises INVALID_VALUE [field; value]
    /// for what is no address of another host.</summary>
    internal void Reset(string address)
    {
        HostIdentity identity = services.Identity;
        if (address == identity.Address || !(IPAddress.TryParse(address, out _) || Uri.CheckHostName(address) == UriHostNameType.Dns))
        {
            throw new XenApiError("INVALID_VALUE", "master_address", address);
        }

        if (identity.IsCoordinator || identity.CoordinatorAddress != address || services.Emergency is not null)
        {
            Change(RoleChange.MemberOf(address), DatabaseFate.Aside);
            services.RestartSoon($"{address} is the coordinator");
        }
    }

    /// <summary>Tells every other host that this one is the coordinator; returns those that could be told.</summary>
    internal async Task<List<Ref<host>>> RecoverAsync(CancellationToken cancel)
    {
        List<Ref<host>> told = [];
        foreach ((Ref<host> self, host row) in await services.Database.GetAll<host>(cancel).ConfigureAwait(false))
        {
            if (self != services.Identity.Localhost && await TryTellAsync(row.address, "pool.emergency_reset_master").ConfigureAwait(false))
            {
                told.Add(self);
            }
        }

        return told;
    }

    /// <summary>A host of this pool says that it is the coordinator too: the one whose database is newer stays, the other becomes its member.</summary>
    internal async Task MeetAsync(host other, CancellationToken cancel)
    {
        long theirs = await backup.GenerationOfAsync(other.address, cancel).ConfigureAwait(false);
        bool yields = theirs > services.ChangeLog!.Generation;
        Log.TwoCoordinators(logger, other.address, yields ? "it stays" : "this one stays");
        if (yields)
        {
            Change(RoleChange.MemberOf(other.address), DatabaseFate.Aside);
            services.Restart($"{other.address} has become the coordinator");
        }
    }

    private async Task<List<string>> OtherMembersAsync(Ref<host> coordinator, CancellationToken cancel)
    {
        List<string> addresses = [];
        foreach ((Ref<host> self, host row) in await services.Database.GetAll<host>(cancel).ConfigureAwait(false))
        {
            if (self != coordinator && self != services.Identity.Localhost && await services.Database.Find(row.metrics, cancel).ConfigureAwait(false) is { live: true })
            {
                addresses.Add(row.address);
            }
        }

        return addresses;
    }

    /// <summary>After a refusal nothing has happened; after no answer it may have, and this host must not become a second coordinator.</summary>
    private async Task CommitCoordinatorAsync(string address)
    {
        try
        {
            await TellAsync(address, "host.commit_new_master", CancellationToken.None).ConfigureAwait(false);
        }
        catch (XenApiError error) when (error.Code == "CANNOT_CONTACT_HOST")
        {
            services.RestartSoon($"{address} was lost while it agreed to a change of coordinator");
            throw;
        }
        catch (XenApiError)
        {
            RoleChange.Withdraw(services.Configuration);
            throw;
        }
    }

    private async Task AbortAsync(List<string> agreed)
    {
        foreach (string address in agreed)
        {
            await TryTellAsync(address, "host.abort_new_master").ConfigureAwait(false);
        }
    }

    private async Task<bool> TryTellAsync(string address, string method)
    {
        try
        {
            await TellAsync(address, method, CancellationToken.None).ConfigureAwait(false);
            return true;
        }
        catch (XenApiError error)
        {
            Log.HostNotTold(logger, address, method, error.Message);
            return false;
        }
    }

    private Task<Value> TellAsync(string address, string method, CancellationToken cancel, params ReadOnlySpan<Value> more) =>
        services.Client.CallLocallyAsync(address, method, [new Value.Text(services.Identity.Address), .. more], PoolLimits.CallDeadline, cancel);

    private void Change(string role, DatabaseFate fate)
    {
        try
        {
            new RoleChange(role, null, fate).Write(services.Configuration);
        }
        catch (ConfigurationException error)
        {
            throw new XenApiError("INTERNAL_ERROR", error.Message);
        }
    }
}
