using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Http.Tls;

namespace Toolstack.Xapi.Pool;

/// <summary>The row of class Certificate that a host keeps of the certificate it shows to clients of HTTPS, for those who want to recognise it.</summary>
internal static class CertificateRows
{
    /// <summary>Brings the row in line with the file; without HTTPS, or without a certificate in the file, there is none. What is as it was
    /// causes no event. Raises what the database raises.</summary>
    internal static async Task RefreshAsync(XapiServices services, CancellationToken cancel)
    {
        Ref<host> self = services.Identity.Localhost;
        Certificate? shown = services.Configuration.Get(Settings.HttpsPort) == 0 ? null : Read(new ServerCertificate(
            services.Configuration.Get(Settings.ServerCertificate), services.Configuration.Get(Settings.ListenAddress)), self);
        foreach ((Ref<Certificate> known, Certificate row) in await services.Database.GetAll<Certificate>(cancel).ConfigureAwait(false))
        {
            if (row.host != self || row.type != certificate_type.host)
            {
                continue;
            }

            if (shown is not null && row.fingerprint == shown.fingerprint)
            {
                shown = null;
                continue;
            }

            await services.Database.Destroy(known, cancel).ConfigureAwait(false);
        }

        if (shown is not null)
        {
            await services.Database.Create(shown, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>The fingerprint of the coordinator's certificate, of the newer or the older kind; null when it has none.</summary>
    internal static async Task<string?> FingerprintOfCoordinatorAsync(XapiDatabase database, bool sha256, CancellationToken cancel)
    {
        Ref<host> coordinator = (await database.GetAll<pool>(cancel).ConfigureAwait(false))[0].Value.master;
        foreach ((_, Certificate row) in await database.GetAll<Certificate>(cancel).ConfigureAwait(false))
        {
            if (row.host == coordinator && row.type == certificate_type.host)
            {
                return sha256 ? row.fingerprint : row.fingerprint_sha1;
            }
        }

        return null;
    }

    private static Certificate? Read(ServerCertificate file, Ref<host> self)
    {
        try
        {
            using X509Certificate2 certificate = file.Get();
            return new Certificate
            {
                uuid = Guid.NewGuid().ToString(),
                type = certificate_type.host,
                host = self,
                not_before = certificate.NotBefore.ToUniversalTime(),
                not_after = certificate.NotAfter.ToUniversalTime(),
                fingerprint = Fingerprint(certificate, HashAlgorithmName.SHA256),
                fingerprint_sha1 = Fingerprint(certificate, HashAlgorithmName.SHA1),
            };
        }
        catch (Exception error) when (error is CryptographicException or IOException or UnauthorizedAccessException)
        {
            // Whoever connects finds none either, and that is told then.
            return null;
        }
    }

    /// <summary>As class Certificate has it: pairs of digits with colons between.</summary>
    internal static string Fingerprint(X509Certificate2 certificate, HashAlgorithmName algorithm) =>
        string.Join(':', Convert.ToHexStringLower(certificate.GetCertHash(algorithm)).Chunk(2).Select(static pair => new string(pair)));
}
