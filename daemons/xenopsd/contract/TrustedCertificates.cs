using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Toolstack.Xenopsd.Contract;

/// <summary>The certificates that another host's must be one of, or be signed by, in one PEM file that is read anew each time, so that a change of it
/// counts at once. xapi and xenopsd judge other hosts alike. Hosts are known by their certificates, not by names: the address of one may be any of its
/// interfaces'.</summary>
public sealed class TrustedCertificates(string path)
{
    private const int DigestDigits = 16;

    /// <summary>Null for a certificate that is trusted, otherwise why it is not.</summary>
    public string? ProblemOf(X509Certificate? certificate)
    {
        if (certificate is null)
        {
            return "it shows no certificate";
        }

        var trusted = new X509Certificate2Collection();
        try
        {
            trusted.ImportFromPemFile(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException)
        {
            return $"its certificate cannot be verified: {path}: {error.Message}";
        }

        using var shown = X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
        return IsTrusted(shown, trusted)
            ? null
            : $"its certificate ({shown.Subject}, SHA-256 {shown.GetCertHashString(HashAlgorithmName.SHA256)[..DigestDigits]}...) is neither in {path} nor signed by one that is";
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
