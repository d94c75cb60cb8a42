using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Dispatch;

namespace Toolstack.Xapi.Networks;

/// <summary>The messages of class tunnel: a network between hosts that is carried inside of another.</summary>
internal sealed class TunnelRows : tunnelMessages
{
    /// <summary>Raises CANNOT_ADD_TUNNEL_TO_BOND_SLAVE [PIF], IS_TUNNEL_ACCESS_PIF [PIF], TRANSPORT_PIF_NOT_CONFIGURED [PIF],
    /// NETWORK_ALREADY_CONNECTED.</summary>
    public override async Task<Ref<tunnel>> create(Call call, Ref<PIF> transport_PIF, Ref<network> network, tunnel_protocol protocol)
    {
        XapiDatabase database = ((CallContext)call).Database;
        PIF under = await database.Get(transport_PIF, call.Cancellation).ConfigureAwait(false);
        PifRules.AssertManaged(transport_PIF, under);
        string? reason = !under.bond_slave_of.IsNull ? "CANNOT_ADD_TUNNEL_TO_BOND_SLAVE"
            : !under.tunnel_access_PIF_of.IsEmpty ? "IS_TUNNEL_ACCESS_PIF"
            : under.ip_configuration_mode == ip_configuration_mode.None ? "TRANSPORT_PIF_NOT_CONFIGURED"
            : null;
        if (reason is not null)
        {
            throw new XenApiError(reason, transport_PIF.ToString());
        }

        await PifRules.AssertFreeAsync(database, network, under.host, call.Cancellation).ConfigureAwait(false);
        Ref<PIF> access = await PifRules.AddAsync(database, new PIF
        {
            device = "tunnel", network = network, host = under.host, MAC = under.MAC, MTU = under.MTU, VLAN = PifRules.NoTag,
        }, call.Cancellation).ConfigureAwait(false);
        return await database.Create(new tunnel
        {
            uuid = Guid.NewGuid().ToString(), access_PIF = access, transport_PIF = transport_PIF, protocol = protocol,
        }, call.Cancellation).ConfigureAwait(false);
    }

    public override async Task destroy(Call call, Ref<tunnel> self)
    {
        XapiDatabase database = ((CallContext)call).Database;
        tunnel row = await database.Get(self, call.Cancellation).ConfigureAwait(false);
        await database.Destroy(self, call.Cancellation).ConfigureAwait(false);
        await PifRules.RemoveAsync(database, row.access_PIF, call.Cancellation).ConfigureAwait(false);
    }
}
