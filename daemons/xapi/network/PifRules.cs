using System.Globalization;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Devices;

namespace Toolstack.Xapi.Networks;

/// <summary>What PIFs, VLANs, bonds and tunnels must be before rows of them are made. The errors are XenAPI's.</summary>
internal static class PifRules
{
    internal const long NoTag = -1;
    private const long MaxTag = 4094;

    /// <summary>Raises MAC_INVALID [MAC].</summary>
    internal static string Mac(string text) =>
        text.Split(':') is { Length: 6 } parts && Array.TrueForAll(parts, static p => p.Length == 2 && p.All(char.IsAsciiHexDigit))
            ? text.ToLowerInvariant()
            : throw new XenApiError("MAC_INVALID", text);

    /// <summary>Raises VLAN_TAG_INVALID [tag].</summary>
    internal static void AssertTag(long tag)
    {
        if (tag is < 0 or > MaxTag)
        {
            throw new XenApiError("VLAN_TAG_INVALID", tag.ToString(CultureInfo.InvariantCulture));
        }
    }

    /// <summary>IPv4 addresses, some of which may be empty. Raises INVALID_IP_ADDRESS_SPECIFIED [parameter].</summary>
    internal static void AssertAddresses(params ReadOnlySpan<(string Parameter, string Text, bool Needed)> all)
    {
        foreach ((string parameter, string text, bool needed) in all)
        {
            if (needed || text.Length > 0)
            {
                IpText.AssertAddress(parameter, text, v6: false);
            }
        }
    }

    /// <summary>Addresses separated by commas, or none. Raises INVALID_IP_ADDRESS_SPECIFIED [DNS].</summary>
    internal static void AssertNameServers(string text, bool v6)
    {
        foreach (string one in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            IpText.AssertAddress("DNS", one, v6);
        }
    }

    /// <summary>Raises PIF_IS_MANAGEMENT_INTERFACE [PIF] when a host would lose the address it is managed by.</summary>
    internal static void AssertStaysManaged(Ref<PIF> self, PIF row, primary_address_type kind, bool keeps)
    {
        if (row.management && row.primary_address_type == kind && !keeps)
        {
            throw new XenApiError("PIF_IS_MANAGEMENT_INTERFACE", self.ToString());
        }
    }

    /// <summary>A network may have one PIF on each host. Raises NETWORK_ALREADY_CONNECTED [network; PIF].</summary>
    internal static async ValueTask AssertFreeAsync(XapiDatabase database, Ref<network> self, Ref<host> host, CancellationToken cancel)
    {
        network row = await database.Get(self, cancel).ConfigureAwait(false);
        if (!row.managed)
        {
            throw new XenApiError("NETWORK_UNMANAGED", self.ToString());
        }

        foreach (Ref<PIF> pif in row.PIFs)
        {
            if (await database.Find(pif, cancel).ConfigureAwait(false) is { } other && other.host == host)
            {
                throw new XenApiError("NETWORK_ALREADY_CONNECTED", self.ToString(), pif.ToString());
            }
        }
    }

    /// <summary>Raises PIF_UNMANAGED [PIF].</summary>
    internal static void AssertManaged(Ref<PIF> self, PIF row)
    {
        if (!row.managed)
        {
            throw new XenApiError("PIF_UNMANAGED", self.ToString());
        }
    }

    /// <summary>Raises what still needs the PIF: PIF_VLAN_STILL_EXISTS, PIF_TUNNEL_STILL_EXISTS, PIF_ALREADY_BONDED, PIF_IS_MANAGEMENT_INTERFACE,
    /// PIF_SRIOV_STILL_EXISTS, each [PIF].</summary>
    internal static void AssertUnused(Ref<PIF> self, PIF row)
    {
        string? reason = !row.VLAN_slave_of.IsEmpty ? "PIF_VLAN_STILL_EXISTS"
            : !row.tunnel_transport_PIF_of.IsEmpty ? "PIF_TUNNEL_STILL_EXISTS"
            : !row.sriov_physical_PIF_of.IsEmpty ? "PIF_SRIOV_STILL_EXISTS"
            : !row.bond_slave_of.IsNull ? "PIF_ALREADY_BONDED"
            : row.management ? "PIF_IS_MANAGEMENT_INTERFACE"
            : null;
        if (reason is not null)
        {
            throw new XenApiError(reason, self.ToString());
        }
    }

    /// <summary>The row of a PIF with its metrics.</summary>
    internal static async Task<Ref<PIF>> AddAsync(XapiDatabase database, PIF row, CancellationToken cancel)
    {
        Ref<PIF_metrics> metrics = await database.Create(new PIF_metrics { uuid = Guid.NewGuid().ToString() }, cancel).ConfigureAwait(false);
        return await database.Create(row with { uuid = Guid.NewGuid().ToString(), metrics = metrics }, cancel).ConfigureAwait(false);
    }

    /// <summary>Removes a PIF with its metrics; nothing when it is gone.</summary>
    internal static async Task RemoveAsync(XapiDatabase database, Ref<PIF> self, CancellationToken cancel)
    {
        if (await database.Find(self, cancel).ConfigureAwait(false) is not { } row)
        {
            return;
        }

        await database.Destroy(self, cancel).ConfigureAwait(false);
        if (await database.Find(row.metrics, cancel).ConfigureAwait(false) is not null)
        {
            await database.Destroy(row.metrics, cancel).ConfigureAwait(false);
        }
    }
}
