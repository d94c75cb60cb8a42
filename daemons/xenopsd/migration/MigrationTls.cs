using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Toolstack.Xenopsd.Migration;

/// <summary>
/// TLS of migration connections, in this process: nothing stands between the cipher and the guest's frames. Files are read anew for each
/// connection, so that a replaced certificate counts at once.
/// </summary>
/// <param name="certificatePath">PEM of this host's certificate and its key, shown to sources.</param>
/// <param name="trustedPath">PEM of the certificates that a destination's must be one of, or be signed by.</param>
public sealed class MigrationTls(string certificatePath, string trustedPath)
{
    /// <summary>What a source asks for (ALPN) so that the destination's xapi gives the connection to xenopsd before any byte is
    /// decrypted. Others take no notice of it.</summary>
    public static readonly SslApplicationProtocol Protocol = new("xenops-migration");

    /// <summary>A source's side. Hosts are known by their certificates, not by names: the address of a destination may be any of its
    /// interfaces'.</summary>
    internal SslClientAuthenticationOptions Client(string host, bool verify, bool handOver) => new()
    {
        TargetHost = host,
        ApplicationProtocols = handOver ? [Protocol] : null,
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        RemoteCertificateValidationCallback = (_, certificate, _, _) => !verify || IsTrusted(certificate),
    };

    /// <summary>A destination's side. Raises IOException, UnauthorizedAccessException or CryptographicException.</summary>
    internal SslServerAuthenticationOptions Server() => new()
    {
        ServerCertificate = X509Certificate2.CreateFromPemFile(certificatePath),
        ApplicationProtocols = [Protocol],
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
    };

    private bool IsTrusted(X509Certificate? certificate)
    {
        if (certificate is null)
        {
            return false;
        }

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        try
        {
            chain.ChainPolicy.CustomTrustStore.ImportFromPemFile(trustedPath);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException)
        {
            return false;
        }

        using var shown = X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
        return chain.Build(shown);
    }
}
