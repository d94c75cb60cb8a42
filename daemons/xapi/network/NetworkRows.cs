using System.Globalization;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Dispatch;
using Toolstack.Xapi.Reports;

namespace Toolstack.Xapi.Networks;

/// <summary>The messages of class network. Bridges are made by the hosts when something is plugged in; here are the rows.</summary>
internal sealed class NetworkRows : networkMessages, IRowConstructor<network>
{
    private const string BridgePrefix = "xapi";
    private const int MaxBridgeName = 15;

    /// <summary>Raises INVALID_VALUE for a bridge's name that no kernel takes, and for an MTU out of range.</summary>
    public async Task<network> BeforeCreateAsync(CallContext call, network row)
    {
        if (row.MTU is < 68 or > 65535)
        {
            throw new XenApiError("INVALID_VALUE", "MTU", row.MTU.ToString(CultureInfo.InvariantCulture));
        }

        if (row.bridge.Length > MaxBridgeName || row.bridge.Any(static c => char.IsWhiteSpace(c) || c == '/'))
        {
            throw new XenApiError("INVALID_VALUE", "bridge", row.bridge);
        }

        if (row.bridge.Length > 0)
        {
            return row;
        }

        HashSet<string> taken = [.. (await call.Database.GetAll<network>(call.Cancellation).ConfigureAwait(false)).Select(static n => n.Value.bridge)];
        int number = 0;
        while (taken.Contains(BridgePrefix + number.ToString(CultureInfo.InvariantCulture)))
        {
            number++;
        }

        return row with { bridge = BridgePrefix + number.ToString(CultureInfo.InvariantCulture) };
    }

    /// <summary>Raises NETWORK_CONTAINS_PIF [pifs], NETWORK_CONTAINS_VIF [vifs], CANNOT_DESTROY_SYSTEM_NETWORK [network].</summary>
    public Task BeforeDestroyAsync(CallContext call, Ref<network> self, network row)
    {
        if (row.other_config.ContainsKey("is_guest_installer_network") || row.other_config.ContainsKey("is_host_internal_management_network"))
        {
            throw new XenApiError("CANNOT_DESTROY_SYSTEM_NETWORK", self.ToString());
        }

        return !row.PIFs.IsEmpty ? throw new XenApiError("NETWORK_CONTAINS_PIF", [.. row.PIFs.Select(static p => p.ToString())])
            : !row.VIFs.IsEmpty ? throw new XenApiError("NETWORK_CONTAINS_VIF", [.. row.VIFs.Select(static v => v.ToString())])
            : Task.CompletedTask;
    }

    /// <summary>Raises NETWORK_INCOMPATIBLE_PURPOSES [new; present]: NBD is with or without encryption.</summary>
    public override async Task add_purpose(Call call, Ref<network> self, network_purpose value)
    {
        network_purpose other = value == network_purpose.nbd ? network_purpose.insecure_nbd : network_purpose.nbd;
        foreach ((_, network row) in await ((CallContext)call).Database.GetAll<network>(call.Cancellation).ConfigureAwait(false))
        {
            if (row.purpose.Contains(other))
            {
                throw new XenApiError("NETWORK_INCOMPATIBLE_PURPOSES", network_purposeCodec.Text(value), network_purposeCodec.Text(other));
            }
        }

        await ChangeAsync(call, self, r => r.purpose.Contains(value) ? r : r with { purpose = r.purpose.Add(value) }).ConfigureAwait(false);
    }

    public override Task remove_purpose(Call call, Ref<network> self, network_purpose value) =>
        ChangeAsync(call, self, r => r with { purpose = r.purpose.Remove(value) });

    public override Task set_default_locking_mode(Call call, Ref<network> network, network_default_locking_mode value) =>
        ChangeAsync(call, network, r => r with { default_locking_mode = value });

    public override Task<Ref<blob>> create_new_blob(Call call, Ref<network> network, string name, string mime_type, bool @public) => BlobStore.AddAsync(
        ((CallContext)call).Database, network, name, mime_type, @public, (row, blob) => row with { blobs = row.blobs.SetItem(name, blob) }, call.Cancellation);

    private static async Task ChangeAsync(Call call, Ref<network> self, Func<network, network> change) =>
        await ((CallContext)call).Database.Update(self, change, call.Cancellation).ConfigureAwait(false);
}
