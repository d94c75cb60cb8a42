using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Toolstack.Hosting;
using Toolstack.Idl;

namespace Toolstack.Xapi.Http.Tls;

/// <summary>The certificate that HTTPS shows and its key, both in one PEM file. Where there is none, a self-signed one is made at the first
/// start, readable by its owner only. Read when the first client comes, and again when the file has changed.</summary>
internal sealed class ServerCertificate(string path, string address)
{
    private const int Years = 10;

    private readonly Lock gate = new();
    private X509Certificate2? loaded;
    private DateTime stamp;

    /// <summary>Makes the file where there is none. Raises ConfigurationException when it cannot be written.</summary>
    internal void Ensure()
    {
        if (!File.Exists(path))
        {
            Reset();
        }
    }

    /// <summary>Puts a new self-signed one in its place. Raises ConfigurationException when it cannot be written.</summary>
    internal void Reset() => Write(SelfSigned(address));

    /// <summary>Puts another in its place, all three in PEM. Raises SERVER_CERTIFICATE_KEY_MISMATCH when the key is of another certificate,
    /// SERVER_CERTIFICATE_INVALID for what is none; ConfigurationException when it cannot be written.</summary>
    internal void Install(string certificate, string key, string chain)
    {
        try
        {
            using var both = X509Certificate2.CreateFromPem(certificate, key);
        }
        catch (CryptographicException error)
        {
            throw new XenApiError(error.Message.Contains("match", StringComparison.Ordinal) ? "SERVER_CERTIFICATE_KEY_MISMATCH" : "SERVER_CERTIFICATE_INVALID");
        }
        catch (ArgumentException)
        {
            throw new XenApiError("SERVER_CERTIFICATE_KEY_MISMATCH");
        }

        Write(string.Join('\n', new[] { certificate, chain, key }.Select(static t => t.Trim()).Where(static t => t.Length > 0)) + "\n");
    }

    private void Write(string pem)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            AtomicFile.Write(path, Encoding.ASCII.GetBytes(pem), durable: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"{path}: cannot be written: {error.Message}");
        }
    }

    /// <summary>The certificate with its key. Raises CryptographicException or IOException when the file holds none.</summary>
    internal X509Certificate2 Get()
    {
        DateTime now = File.GetLastWriteTimeUtc(path);
        lock (gate)
        {
            if (loaded is null || now != stamp)
            {
                // The one before may still serve handshakes: it is left to be collected.
                loaded = X509Certificate2.CreateFromPemFile(path);
                stamp = now;
            }

            return loaded;
        }
    }

    private static string SelfSigned(string address)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest($"CN={Name()}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(Name());
        if (IPAddress.TryParse(address, out IPAddress? parsed))
        {
            names.AddIpAddress(parsed);
        }

        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment, critical: true));
        DateTimeOffset today = DateTimeOffset.UtcNow;
        using X509Certificate2 certificate = request.CreateSelfSigned(today.AddDays(-1), today.AddYears(Years));
        return certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem() + "\n";
    }

    /// <summary>A machine's name may hold what a DNS name may not.</summary>
    private static string Name() =>
        Uri.CheckHostName(Environment.MachineName) == UriHostNameType.Dns ? Environment.MachineName : "localhost";
}
