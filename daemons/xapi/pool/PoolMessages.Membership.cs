using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Membership;

namespace Toolstack.Xapi.Pool;

/// <summary>How hosts become members of the pool, leave it, and change its coordinator.</summary>
internal sealed partial class PoolMessages
{
    internal required JoiningHost Joining { get; init; }

    internal required LeavingHost Leaving { get; init; }

    internal required CoordinatorChange Change { get; init; }

    internal required DatabaseBackup Backup { get; init; }

    /// <summary>This host becomes a member of another pool. Raises what <see cref="JoiningHost.JoinAsync"/> does.</summary>
    public override Task join(Call call, string master_address, string master_username, string master_password) =>
        Joining.JoinAsync(master_address, master_username, master_password, force: false, call.Cancellation);

    /// <summary>The same although its CPUs are of another vendor.</summary>
    public override Task join_force(Call call, string master_address, string master_username, string master_password) =>
        Joining.JoinAsync(master_address, master_username, master_password, force: true, call.Cancellation);

    /// <summary>The pool's secret, for a host that joins.</summary>
    public override Task<string> initial_auth(Call call) => Task.FromResult(identity.PoolSecret);

    /// <summary>Forwarding has brought the call to the host that leaves. Raises what <see cref="LeavingHost.EjectAsync"/> does.</summary>
    public override Task eject(Call call, Ref<host> host) => Leaving.EjectAsync(host, call.Cancellation);

    /// <summary>Forwarding has brought the call to the host that becomes the coordinator. Raises what <see cref="CoordinatorChange.DesignateAsync"/> does.</summary>
    public override Task designate_new_master(Call call, Ref<host> host) => Change.DesignateAsync(call.Cancellation);

    /// <summary>Raises INTERNAL_ERROR [text] when this host has no copy of the database.</summary>
    public override Task emergency_transition_to_master(Call call) => Change.TransitionAsync(call.Cancellation);

    /// <summary>Raises INVALID_VALUE [field; value].</summary>
    public override Task emergency_reset_master(Call call, string master_address)
    {
        Change.Reset(master_address);
        return Task.CompletedTask;
    }

    /// <summary>The hosts that could be told; each starts anew unless it knew.</summary>
    public override async Task<ImmutableArray<Ref<host>>> recover_slaves(Call call) => [.. await Change.RecoverAsync(call.Cancellation).ConfigureAwait(false)];

    /// <summary>When it ends every change made so far is on disk (which holds for answered calls without it), and every member that lives has a copy.</summary>
    public override async Task sync_database(Call call)
    {
        await database.FlushAsync(call.Cancellation).ConfigureAwait(false);
        if (identity.IsCoordinator)
        {
            await Backup.AskMembersAsync(force: true, call.Cancellation).ConfigureAwait(false);
        }
    }
}
