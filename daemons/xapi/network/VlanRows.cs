using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Dispatch;

namespace Toolstack.Xapi.Networks;

/// <summary>The messages of class VLAN: a tag on a PIF as an interface of its own.</summary>
internal sealed class VlanRows : VLANMessages
{
    /// <summary>Raises VLAN_TAG_INVALID [tag], PIF_IS_VLAN, CANNOT_ADD_VLAN_TO_BOND_SLAVE, IS_TUNNEL_ACCESS_PIF [PIF], PIF_VLAN_EXISTS [PIF],
    /// NETWORK_ALREADY_CONNECTED.</summary>
    public override async Task<Ref<VLAN>> create(Call call, Ref<PIF> tagged_PIF, long tag, Ref<network> network)
    {
        XapiDatabase database = ((CallContext)call).Database;
        PifRules.AssertTag(tag);
        PIF under = await database.Get(tagged_PIF, call.Cancellation).ConfigureAwait(false);
        PifRules.AssertManaged(tagged_PIF, under);
        string? reason = under.VLAN != PifRules.NoTag ? "PIF_IS_VLAN"
            : !under.bond_slave_of.IsNull ? "CANNOT_ADD_VLAN_TO_BOND_SLAVE"
            : !under.tunnel_access_PIF_of.IsEmpty ? "IS_TUNNEL_ACCESS_PIF"
            : null;
        if (reason is not null)
        {
            throw new XenApiError(reason, tagged_PIF.ToString());
        }

        foreach (Ref<VLAN> other in under.VLAN_slave_of)
        {
            if (await database.Find(other, call.Cancellation).ConfigureAwait(false) is { } row && row.tag == tag)
            {
                throw new XenApiError("PIF_VLAN_EXISTS", row.untagged_PIF.ToString());
            }
        }

        await PifRules.AssertFreeAsync(database, network, under.host, call.Cancellation).ConfigureAwait(false);
        Ref<PIF> over = await PifRules.AddAsync(database, new PIF
        {
            device = under.device, network = network, host = under.host, MAC = under.MAC, MTU = under.MTU, VLAN = tag,
        }, call.Cancellation).ConfigureAwait(false);
        Ref<VLAN> self = await database.Create(
            new VLAN { uuid = Guid.NewGuid().ToString(), tagged_PIF = tagged_PIF, untagged_PIF = over, tag = tag }, call.Cancellation).ConfigureAwait(false);
        await database.Update(over, r => r with { VLAN_master_of = self }, call.Cancellation).ConfigureAwait(false);
        return self;
    }

    /// <summary>Raises PIF_IS_MANAGEMENT_INTERFACE [PIF] and what else still needs the interface.</summary>
    public override async Task destroy(Call call, Ref<VLAN> self)
    {
        XapiDatabase database = ((CallContext)call).Database;
        VLAN row = await database.Get(self, call.Cancellation).ConfigureAwait(false);
        if (await database.Find(row.untagged_PIF, call.Cancellation).ConfigureAwait(false) is { } over)
        {
            PifRules.AssertUnused(row.untagged_PIF, over);
        }

        await database.Destroy(self, call.Cancellation).ConfigureAwait(false);
        await PifRules.RemoveAsync(database, row.untagged_PIF, call.Cancellation).ConfigureAwait(false);
    }
}
