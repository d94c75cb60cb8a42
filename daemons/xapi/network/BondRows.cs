using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Dispatch;

namespace Toolstack.Xapi.Networks;

/// <summary>The messages of class Bond: several PIFs as one interface.</summary>
internal sealed class BondRows : BondMessages
{
    /// <summary>Raises PIF_BOND_NEEDS_MORE_MEMBERS, PIF_CANNOT_BOND_CROSS_HOST, PIF_ALREADY_BONDED [PIF], PIF_IS_NOT_PHYSICAL [PIF],
    /// PIF_TUNNEL_STILL_EXISTS [PIF], PIF_BOND_MORE_THAN_ONE_IP, NETWORK_ALREADY_CONNECTED, MAC_INVALID.</summary>
    public override async Task<Ref<Bond>> create(
        Call call, Ref<network> network, ImmutableArray<Ref<PIF>> members, string MAC, bond_mode mode, ImmutableSortedDictionary<string, string>? properties)
    {
        XapiDatabase database = ((CallContext)call).Database;
        PIF[] rows = await MembersAsync(database, members, call.Cancellation).ConfigureAwait(false);
        await PifRules.AssertFreeAsync(database, network, rows[0].host, call.Cancellation).ConfigureAwait(false);
        int primary = Math.Max(Array.FindIndex(rows, static r => r.management || r.ip_configuration_mode != ip_configuration_mode.None), 0);
        Ref<PIF> master = await PifRules.AddAsync(database, new PIF
        {
            device = await DeviceAsync(database, rows[0].host, call.Cancellation).ConfigureAwait(false),
            network = network, host = rows[0].host, MAC = MAC.Length == 0 ? rows[primary].MAC : PifRules.Mac(MAC), MTU = rows.Min(static r => r.MTU),
            VLAN = PifRules.NoTag,
        }, call.Cancellation).ConfigureAwait(false);
        Ref<Bond> self = await database.Create(new Bond
        {
            uuid = Guid.NewGuid().ToString(), master = master, primary_slave = members[primary], mode = mode,
            properties = properties ?? ImmutableSortedDictionary<string, string>.Empty, auto_update_mac = MAC.Length == 0,
        }, call.Cancellation).ConfigureAwait(false);
        foreach (Ref<PIF> member in members)
        {
            await database.Update(member, r => r with { bond_slave_of = self }, call.Cancellation).ConfigureAwait(false);
        }

        return self;
    }

    /// <summary>Raises what still needs the bond's interface.</summary>
    public override async Task destroy(Call call, Ref<Bond> self)
    {
        XapiDatabase database = ((CallContext)call).Database;
        Bond row = await database.Get(self, call.Cancellation).ConfigureAwait(false);
        if (await database.Find(row.master, call.Cancellation).ConfigureAwait(false) is { } master)
        {
            PifRules.AssertUnused(row.master, master);
        }

        foreach (Ref<PIF> member in row.slaves)
        {
            await database.Update(member, static r => r with { bond_slave_of = Ref<Bond>.Null }, call.Cancellation).ConfigureAwait(false);
        }

        await database.Destroy(self, call.Cancellation).ConfigureAwait(false);
        await PifRules.RemoveAsync(database, row.master, call.Cancellation).ConfigureAwait(false);
    }

    private static async Task<PIF[]> MembersAsync(XapiDatabase database, ImmutableArray<Ref<PIF>> members, CancellationToken cancel)
    {
        if (members.Distinct().Count() < 2)
        {
            throw new XenApiError("PIF_BOND_NEEDS_MORE_MEMBERS");
        }

        var rows = new PIF[members.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            PIF row = rows[i] = await database.Get(members[i], cancel).ConfigureAwait(false);
            PifRules.AssertManaged(members[i], row);
            string? reason = !row.bond_slave_of.IsNull ? "PIF_ALREADY_BONDED"
                : !row.physical ? "PIF_IS_NOT_PHYSICAL"
                : !row.tunnel_transport_PIF_of.IsEmpty ? "PIF_TUNNEL_STILL_EXISTS"
                : null;
            if (reason is not null)
            {
                throw new XenApiError(reason, members[i].ToString());
            }
        }

        return rows.Any(r => r.host != rows[0].host) ? throw new XenApiError("PIF_CANNOT_BOND_CROSS_HOST")
            : rows.Count(static r => r.ip_configuration_mode != ip_configuration_mode.None) > 1 ? throw new XenApiError("PIF_BOND_MORE_THAN_ONE_IP")
            : rows;
    }

    private static async Task<string> DeviceAsync(XapiDatabase database, Ref<host> host, CancellationToken cancel)
    {
        HashSet<string> taken = [.. (await database.GetAll<PIF>(cancel).ConfigureAwait(false)).Where(p => p.Value.host == host).Select(static p => p.Value.device)];
        return Enumerable.Range(0, taken.Count + 1).Select(static n => $"bond{n}").First(name => !taken.Contains(name));
    }
}
