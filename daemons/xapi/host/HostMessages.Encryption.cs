using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;

namespace Toolstack.Xapi.Hosts;

/// <summary>Whether clients may come without TLS, and whether this host looks at the certificates of those it calls.</summary>
internal sealed partial class HostMessages
{
    /// <summary>New connections over plain HTTP end at once then, but for those of the host itself and of the other hosts of its pool.
    /// Raises INVALID_VALUE when the host serves no HTTPS.</summary>
    public override async Task set_https_only(Call call, Ref<host> self, bool value)
    {
        if (value && services.Configuration.Get(Settings.HttpsPort) == 0)
        {
            throw new XenApiError("INVALID_VALUE", "https_only", "this host serves no HTTPS: https-port = 0");
        }

        await database.Update(self, r => r with { https_only = value }, call.Cancellation).ConfigureAwait(false);
        services.HttpsOnly = value;
    }

    public override Task emergency_disable_tls_verification(Call call) => SetVerificationAsync(call, verify: false);

    public override Task emergency_reenable_tls_verification(Call call) => SetVerificationAsync(call, verify: true);

    private async Task SetVerificationAsync(Call call, bool verify) =>
        await database.Update(services.Identity.Localhost, r => r with { tls_verification_enabled = verify }, call.Cancellation).ConfigureAwait(false);
}
