using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Toolstack.Xapi.Pool;

namespace Toolstack.Xapi.Membership;

/// <summary>
/// The certificates of the pool's hosts as files: each host's in one of its own, named by the host's uuid, and all of them together in the bundle by
/// which other hosts are verified, here and by xenopsd. What an administrator has put into the bundle besides stays there.
/// Raises <see cref="Toolstack.Hosting.ConfigurationException"/> when a file cannot be read or written.
/// </summary>
internal sealed class TrustedHosts(string directory, string bundle)
{
    private const string Suffix = ".pem";
    private const UnixFileMode Readable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private readonly Lock gate = new();

    /// <summary>The hosts that have one.</summary>
    internal IReadOnlyList<string> Names => Directory.Exists(directory)
        ? [.. Directory.EnumerateFiles(directory, "*" + Suffix).Select(static file => Path.GetFileNameWithoutExtension(file)!).Order(StringComparer.Ordinal)]
        : [];

    /// <summary>The SHA-256 of what is trusted of each host, as in class Certificate.</summary>
    internal IReadOnlyDictionary<string, string> Fingerprints()
    {
        HashSet<string> bundled = [.. Bundle().Select(Fingerprint)];
        Dictionary<string, string> trusted = new(StringComparer.Ordinal);
        foreach (string name in Names)
        {
            using X509Certificate2? known = Read(name);
            if (known is not null && Fingerprint(known) is { } one && bundled.Contains(one))
            {
                trusted.Add(name, one);
            }
        }

        return trusted;
    }

    /// <summary>Trusts this certificate of a host, and no other one of it.</summary>
    internal void Keep(string name, X509Certificate2 certificate)
    {
        lock (gate)
        {
            using X509Certificate2? former = Read(name);
            Rewrite(name, former, certificate);
            Directory.CreateDirectory(directory);
            ConfigText.Write(FileOf(name), certificate.ExportCertificatePem() + "\n", Readable);
        }
    }

    /// <summary>Trusts a host no more.</summary>
    internal void Forget(string name)
    {
        lock (gate)
        {
            using X509Certificate2? former = Read(name);
            if (former is not null)
            {
                Rewrite(name, former, null);
                File.Delete(FileOf(name));
            }
        }
    }

    /// <summary>The bundle changes before the host's own file, which still says after a crash in between what is to go.</summary>
    private void Rewrite(string name, X509Certificate2? former, X509Certificate2? added)
    {
        List<X509Certificate2> all = [.. Bundle()];
        if (former is not null && !Names.Any(other => other != name && IsSame(Read(other), former)))
        {
            all.RemoveAll(one => IsSame(one, former));
        }

        if (added is not null && !all.Exists(one => IsSame(one, added)))
        {
            all.Add(added);
        }

        ConfigText.Write(bundle, string.Concat(all.Select(static one => one.ExportCertificatePem() + "\n")), Readable);
    }

    private static string Fingerprint(X509Certificate2 certificate) => CertificateRows.Fingerprint(certificate, HashAlgorithmName.SHA256);

    private X509Certificate2Collection Bundle()
    {
        X509Certificate2Collection all = [];
        if (ConfigText.Read(bundle) is { } text)
        {
            try
            {
                all.ImportFromPem(text);
            }
            catch (CryptographicException error)
            {
                throw new Hosting.ConfigurationException($"{bundle}: holds no certificates: {error.Message}");
            }
        }

        return all;
    }

    private X509Certificate2? Read(string name)
    {
        try
        {
            return ConfigText.Read(FileOf(name)) is { } text ? X509Certificate2.CreateFromPem(text) : null;
        }
        catch (CryptographicException)
        {
            // Cut short or changed by hand: as if there were none.
            return null;
        }
    }

    private string FileOf(string name) => Path.Combine(directory, name + Suffix);

    private static bool IsSame(X509Certificate2? one, X509Certificate2 other) => one is not null && one.RawDataMemory.Span.SequenceEqual(other.RawDataMemory.Span);
}
