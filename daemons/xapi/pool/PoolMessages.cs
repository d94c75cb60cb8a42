using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Http;

namespace Toolstack.Xapi.Pool;

/// <summary>The messages of class pool that are implemented; the others raise NOT_IMPLEMENTED.</summary>
internal sealed partial class PoolMessages(XapiDatabase database, HostIdentity identity, XenApiClient client, HostLiveness liveness, MemberLink link, HostPolicies policies,
    Access.AuditLog? audit) : poolMessages
{
    internal required Membership.CertificateExchange Certificates { get; init; }

    /// <summary>A member starts: it is entered as alive but closed for VMs, and the tasks of its former life end.
    /// Raises HOST_IS_SLAVE [address].</summary>
    public override async Task<hello_return> hello(Call call, string host_uuid, string host_address)
    {
        if (!identity.IsCoordinator)
        {
            throw new XenApiError("HOST_IS_SLAVE", identity.CoordinatorAddress);
        }

        Ref<host> self;
        try
        {
            self = await database.GetByUuid<host>(host_uuid, call.Cancellation).ConfigureAwait(false);
        }
        catch (XenApiError error) when (error.Code == "UUID_INVALID")
        {
            return hello_return.unknown_host;
        }

        bool isNew = await Certificates.SyncHostAsync(self, host_uuid, host_address, call.Cancellation).ConfigureAwait(false);
        if (!await TalksBackAsync(self, host_address, call.Cancellation).ConfigureAwait(false))
        {
            return hello_return.cannot_talk_back;
        }

        await database.Update(self, row => row with { address = host_address }, call.Cancellation).ConfigureAwait(false);
        await HostState.SetEnabledAsync(database, self, enabled: false, call.Cancellation).ConfigureAwait(false);
        await liveness.HeardAsync(self, call.Cancellation).ConfigureAwait(false);
        await new CoordinatorRows(database, identity).EndTasksOfAsync(self, call.Cancellation).ConfigureAwait(false);
        if (isNew)
        {
            // The others look for its certificate; the hello does not wait for them.
            _ = TellMembersAsync(self, CancellationToken.None);
        }

        return hello_return.ok;
    }

    public override Task<bool> is_slave(Call call, Ref<host> host)
    {
        link.Pulse();
        return Task.FromResult(!identity.IsCoordinator);
    }

    /// <summary>A line of a member's audit log.</summary>
    public override Task audit_log_append(Call call, string line)
    {
        audit?.Append(line);
        return Task.CompletedTask;
    }

    private async Task<bool> TalksBackAsync(Ref<host> self, string address, CancellationToken cancel)
    {
        try
        {
            Value answer = await client.CallAsync(address, "pool.is_slave", [new Value.Text(self.ToString())], null, PoolLimits.TalkBackDeadline, cancel)
                .ConfigureAwait(false);
            return answer.AsBool();
        }
        catch (XenApiError)
        {
            return false;
        }
    }
}
