using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Toolstack.Xenopsd.Migration;

/// <summary>
/// TLS of the connections that a source opens. They end at the destination's xapi, which shows its own certificate and carries what was
/// decrypted to the xenopsd beside it over a local socket: one certificate for everything a host serves, and no key in this process.
/// The file is read anew for each connection, so that a replaced certificate counts at once.
/// </summary>
/// <param name="trustedPath">PEM of the certificates that a destination's must be one of, or be signed by.</param>
/// <param name="always">A destination's certificate is verified even when the caller does not ask for it.</param>
public sealed class MigrationTls(string trustedPath, bool always)
{
    private const int DigestDigits = 16;

    /// <summary>Options for one connection. Hosts are known by their certificates, not by names: the address of a destination may be any
    /// of its interfaces'.</summary>
    /// <param name="refused">Told why a certificate was not accepted.</param>
    internal SslClientAuthenticationOptions Client(string host, bool verify, Action<string> refused) => new()
    {
        TargetHost = host,
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        RemoteCertificateValidationCallback = (_, certificate, _, _) =>
        {
            string? problem = verify || always ? ProblemOf(certificate) : null;
            if (problem is not null)
            {
                refused(problem);
            }

            return problem is null;
        },
    };

    /// <summary>Null for a certificate that is trusted.</summary>
    private string? ProblemOf(X509Certificate? certificate)
    {
        if (certificate is null)
        {
            return "it shows no certificate";
        }

        var trusted = new X509Certificate2Collection();
        try
        {
            trusted.ImportFromPemFile(trustedPath);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException)
        {
            return $"its certificate cannot be verified: {trustedPath}: {error.Message}";
        }

        using var shown = X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
        return IsTrusted(shown, trusted)
            ? null
            : $"its certificate ({shown.Subject}, SHA-256 {shown.GetCertHashString(HashAlgorithmName.SHA256)[..DigestDigits]}...) is neither in {trustedPath} nor signed by one that is";
    }

    private static bool IsTrusted(X509Certificate2 shown, X509Certificate2Collection trusted)
    {
        if (trusted.Any(one => one.RawDataMemory.Span.SequenceEqual(shown.RawDataMemory.Span)))
        {
            return DateTime.Now >= shown.NotBefore && DateTime.Now <= shown.NotAfter;
        }

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.CustomTrustStore.AddRange(trusted);
        return chain.Build(shown);
    }
}
