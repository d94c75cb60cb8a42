using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Pool;

namespace Toolstack.Xapi.Hosts;

/// <summary>What can be set of a host.</summary>
internal sealed partial class HostMessages
{
    private const int MaxHostName = 255;

    /// <summary>For VMs that start from now on; a member takes it over with its next heartbeat, which it is asked for.</summary>
    public override async Task set_numa_affinity_policy(Call call, Ref<host> self, host_numa_affinity_policy value)
    {
        await database.Update(self, r => r with { numa_affinity_policy = value }, call.Cancellation).ConfigureAwait(false);
        if (self == services.Identity.Localhost)
        {
            await policies.ApplyAsync(call.Cancellation).ConfigureAwait(false);
            return;
        }

        await services.Client.CallHostAsync(
            database, self, "pool.is_slave", [new Value.Text(self.ToString())], null, PoolLimits.TalkBackDeadline, call.Cancellation).ConfigureAwait(false);
    }

    public override async Task set_multipathing(Call call, Ref<host> host, bool value) =>
        await database.Update(host, r => r with
        {
            multipathing = value, other_config = r.other_config.SetItem("multipathing", value ? "true" : "false"),
        }, call.Cancellation).ConfigureAwait(false);

    /// <summary>Raises INVALID_VALUE [value; text].</summary>
    public override async Task set_iscsi_iqn(Call call, Ref<host> host, string value)
    {
        if (value.Length == 0)
        {
            throw new XenApiError("INVALID_VALUE", "value", value);
        }

        await database.Update(host, r => r with { iscsi_iqn = value, other_config = r.other_config.SetItem("iscsi_iqn", value) }, call.Cancellation)
            .ConfigureAwait(false);
    }

    /// <summary>There are no legacy protocols to allow: raises VALUE_NOT_SUPPORTED [field; value; reason] for true.</summary>
    public override async Task set_ssl_legacy(Call call, Ref<host> self, bool value)
    {
        if (value)
        {
            throw new XenApiError("VALUE_NOT_SUPPORTED", "value", "true", "protocols before TLS 1.2 are not spoken");
        }

        await database.Update(self, static r => r with { ssl_legacy = false }, call.Cancellation).ConfigureAwait(false);
    }

    public override async Task set_uefi_certificates(Call call, Ref<host> host, string value) =>
        await database.Update(host, r => r with { uefi_certificates = value }, call.Cancellation).ConfigureAwait(false);

    /// <summary>Raises HOST_NAME_INVALID [text].</summary>
    public override async Task set_hostname_live(Call call, Ref<host> host, string hostname)
    {
        if (hostname.Length is 0 or > MaxHostName || Uri.CheckHostName(hostname) != UriHostNameType.Dns)
        {
            throw new XenApiError("HOST_NAME_INVALID", $"{hostname}: allowed are letters, digits, '-' and '.'");
        }

        await CommandAsync(Settings.HostnameCommand, [hostname], call.Cancellation).ConfigureAwait(false);
        await database.Update(host, r => r with { hostname = hostname }, call.Cancellation).ConfigureAwait(false);
    }
}
