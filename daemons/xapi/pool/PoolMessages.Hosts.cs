using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Networks;

namespace Toolstack.Xapi.Pool;

/// <summary>What is set on all hosts of the pool at once.</summary>
internal sealed partial class PoolMessages
{
    /// <summary>Keys are <c>auto_update_enabled</c> (true or false) and <c>auto_update_url</c>. Raises INVALID_VALUE [key or value; text],
    /// MAP_DUPLICATE_KEY [class; field; ref; key].</summary>
    public override async Task add_to_guest_agent_config(Call call, Ref<pool> self, string key, string value)
    {
        if (!HostPolicies.AgentKeys.ContainsKey(key))
        {
            throw new XenApiError("INVALID_VALUE", "key", key);
        }

        bool good = key == "auto_update_enabled"
            ? value is "true" or "false"
            : value.Length == 0 || (Uri.TryCreate(value, UriKind.Absolute, out Uri? url) && url.Scheme is "http" or "https");
        if (!good)
        {
            throw new XenApiError("INVALID_VALUE", key, value);
        }

        await ChangeAsync(call, self, r => r.guest_agent_config.TryGetValue(key, out string? present) && present != value
            ? throw new XenApiError("MAP_DUPLICATE_KEY", "pool", "guest_agent_config", self.ToString(), key)
            : r with { guest_agent_config = r.guest_agent_config.SetItem(key, value) }).ConfigureAwait(false);
        await TellHostsAsync(call.Cancellation).ConfigureAwait(false);
    }

    public override async Task remove_from_guest_agent_config(Call call, Ref<pool> self, string key)
    {
        await ChangeAsync(call, self, r => r with { guest_agent_config = r.guest_agent_config.Remove(key) }).ConfigureAwait(false);
        await TellHostsAsync(call.Cancellation).ConfigureAwait(false);
    }

    public override async Task disable_ssl_legacy(Call call, Ref<pool> self)
    {
        foreach ((Ref<host> one, _) in await database.GetAll<host>(call.Cancellation).ConfigureAwait(false))
        {
            await database.Update(one, static r => r with { ssl_legacy = false }, call.Cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>What the hosts have in common: nothing here is licensed, so nothing expires.</summary>
    public override async Task<ImmutableSortedDictionary<string, string>> get_license_state(Call call, Ref<pool> self)
    {
        IReadOnlyList<KeyValuePair<Ref<host>, host>> hosts = await database.GetAll<host>(call.Cancellation).ConfigureAwait(false);
        return ImmutableSortedDictionary<string, string>.Empty
            .Add("edition", hosts.Select(static h => h.Value.edition).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).First())
            .Add("expiry", "never");
    }

    /// <summary>One on the interface of this name of every host that has it. Raises what VLAN.create raises; then none is made.</summary>
    public override async Task<ImmutableArray<Ref<PIF>>> create_VLAN(Call call, string device, Ref<network> network, long VLAN)
    {
        IReadOnlyList<KeyValuePair<Ref<PIF>, PIF>> all = await database.GetAll<PIF>(call.Cancellation).ConfigureAwait(false);
        return await TagAsync(call, [.. all.Where(p => p.Value.device == device && p.Value.VLAN == PifRules.NoTag).Select(static p => p.Key)], network, VLAN)
            .ConfigureAwait(false);
    }

    /// <summary>The same on every host's interface to the network of this one.</summary>
    public override async Task<ImmutableArray<Ref<PIF>>> create_VLAN_from_PIF(Call call, Ref<PIF> pif, Ref<network> network, long VLAN)
    {
        PIF row = await database.Get(pif, call.Cancellation).ConfigureAwait(false);
        network under = await database.Get(row.network, call.Cancellation).ConfigureAwait(false);
        return await TagAsync(call, under.PIFs, network, VLAN).ConfigureAwait(false);
    }

    private async Task<ImmutableArray<Ref<PIF>>> TagAsync(Call call, ImmutableArray<Ref<PIF>> under, Ref<network> network, long tag)
    {
        PifRules.AssertTag(tag);
        VlanRows vlans = new();
        List<Ref<VLAN>> made = [];
        List<Ref<PIF>> over = [];
        try
        {
            foreach (Ref<PIF> one in under)
            {
                Ref<VLAN> vlan = await vlans.create(call, one, tag, network).ConfigureAwait(false);
                made.Add(vlan);
                over.Add((await database.Get(vlan, call.Cancellation).ConfigureAwait(false)).untagged_PIF);
            }
        }
        catch (XenApiError)
        {
            foreach (Ref<VLAN> vlan in made)
            {
                await vlans.destroy(call, vlan).ConfigureAwait(false);
            }

            throw;
        }

        return [.. over];
    }

    /// <summary>This host at once, and the members.</summary>
    private async Task TellHostsAsync(CancellationToken cancel)
    {
        await policies.ApplyAsync(cancel).ConfigureAwait(false);
        await TellMembersAsync(Ref<host>.Null, cancel).ConfigureAwait(false);
    }

    /// <summary>A member is asked for its heartbeat, with which it takes over what has changed. Whoever does not answer does so when it is back.</summary>
    private async Task TellMembersAsync(Ref<host> except, CancellationToken cancel)
    {
        foreach ((Ref<host> one, host row) in await database.GetAll<host>(cancel).ConfigureAwait(false))
        {
            if (one != identity.Localhost && one != except)
            {
                await TalksBackAsync(one, row.address, cancel).ConfigureAwait(false);
            }
        }
    }
}
