using System.Security.Cryptography;
using Toolstack.Hosting;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Http.Tls;
using Toolstack.Xapi.Pool;

namespace Toolstack.Xapi.Hosts;

/// <summary>The certificate that the host shows to clients of HTTPS. New connections see a new one at once.</summary>
internal sealed partial class HostMessages
{
    /// <summary>In PEM, without the key.</summary>
    public override Task<string> get_server_certificate(Call call, Ref<host> host)
    {
        ServerCertificate certificate = Certificate();
        try
        {
            return Task.FromResult(certificate.Get().ExportCertificatePem() + "\n");
        }
        catch (Exception error) when (error is CryptographicException or IOException)
        {
            throw new XenApiError("INTERNAL_ERROR", $"no server certificate: {error.Message}");
        }
    }

    /// <summary>Puts a new self-signed one in its place.</summary>
    public override Task reset_server_certificate(Call call, Ref<host> host) => ReplaceAsync(ResetCertificate, call.Cancellation);

    public override Task emergency_reset_server_certificate(Call call) => ReplaceAsync(ResetCertificate, call.Cancellation);

    /// <summary>All three in PEM. Raises SERVER_CERTIFICATE_KEY_MISMATCH or SERVER_CERTIFICATE_INVALID [].</summary>
    public override Task install_server_certificate(Call call, Ref<host> host, string certificate, string private_key, string certificate_chain = "") =>
        ReplaceAsync(() => Written(() => Certificate().Install(certificate, private_key, certificate_chain)), call.Cancellation);

    private async Task ReplaceAsync(Action replace, CancellationToken cancel)
    {
        await Task.Run(replace, cancel).ConfigureAwait(false);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(PoolLimits.CallDeadline);
        try
        {
            if (services.Emergency is null)
            {
                await CertificateRows.RefreshAsync(services, limit.Token).ConfigureAwait(false);
            }
        }
        catch (Exception error) when (error is XenApiError || (error is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            // The certificate is replaced all the same; a host that has no pool at the moment enters it with its next start.
        }
    }

    private void ResetCertificate() => Written(Certificate().Reset);

    private static void Written(Action write)
    {
        try
        {
            write();
        }
        catch (ConfigurationException error)
        {
            throw new XenApiError("INTERNAL_ERROR", error.Message);
        }
    }

    private ServerCertificate Certificate() =>
        new(services.Configuration.Get(Settings.ServerCertificate), services.Configuration.Get(Settings.ListenAddress));
}
