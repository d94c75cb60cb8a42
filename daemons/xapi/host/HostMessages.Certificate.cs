using System.Security.Cryptography;
using Toolstack.Hosting;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Http.Tls;

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
    public override Task reset_server_certificate(Call call, Ref<host> host) => Task.Run(ResetCertificate, call.Cancellation);

    public override Task emergency_reset_server_certificate(Call call) => Task.Run(ResetCertificate, call.Cancellation);

    /// <summary>All three in PEM. Raises SERVER_CERTIFICATE_KEY_MISMATCH or SERVER_CERTIFICATE_INVALID [].</summary>
    public override Task install_server_certificate(Call call, Ref<host> host, string certificate, string private_key, string certificate_chain = "") =>
        Task.Run(() => Written(() => Certificate().Install(certificate, private_key, certificate_chain)), call.Cancellation);

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
