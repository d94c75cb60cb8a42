using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Toolstack.Hosting;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Http.Tls;
using Toolstack.Xapi.Pool;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xapi.Membership;

/// <summary>
/// How the hosts of a pool come to trust each other's certificates. Each host enters the fingerprint of its own in the pool's database, which only
/// hosts of the pool write; the others ask it for the certificate, take none but that, and keep it in their bundle as long as the host is in
/// the pool. Nothing where this host serves no HTTPS.
/// </summary>
internal sealed class CertificateExchange(XapiServices services, ILogger logger)
{
    /// <summary>What stands for a host that is not known by its uuid yet.</summary>
    private const string FirstContact = "first-contact";

    private readonly TrustedHosts trusted = new(
        services.Configuration.Get(PoolSettings.HostCertificates), services.Configuration.Get(PoolSettings.TrustedCertificates));

    private int Port => (int)services.Configuration.Get(Settings.HttpsPort);

    /// <summary>Trusts the pool's hosts as its database says, and no others that were hosts of it. A host that does not
    /// answer is asked again the next time.</summary>
    internal async Task SyncAsync(XapiDatabase database, CancellationToken cancel)
    {
        if (Port == 0)
        {
            return;
        }

        IReadOnlyList<KeyValuePair<Ref<Certificate>, Certificate>> certificates = await database.GetAll<Certificate>(cancel).ConfigureAwait(false);
        IReadOnlyDictionary<string, string>? known = Known();
        HashSet<string> hosts = new(StringComparer.Ordinal);
        foreach ((Ref<host> self, host row) in await database.GetAll<host>(cancel).ConfigureAwait(false))
        {
            hosts.Add(row.uuid);
            if (FingerprintOf(self, certificates) is { } fingerprint)
            {
                await FollowAsync(known, row.uuid, row.address, fingerprint, cancel).ConfigureAwait(false);
            }
        }

        foreach (string name in trusted.Names)
        {
            if (!hosts.Contains(name) && hosts.Contains(services.Identity.Uuid))
            {
                Written(() => trusted.Forget(name));
            }
        }
    }

    /// <summary>The same for one host, at an address that may be newer than its row's. True when it is another certificate than before.</summary>
    internal async Task<bool> SyncHostAsync(Ref<host> self, string uuid, string address, CancellationToken cancel) =>
        Port != 0 && FingerprintOf(self, await services.Database.GetAll<Certificate>(cancel).ConfigureAwait(false)) is { } fingerprint
        && await FollowAsync(Known(), uuid, address, fingerprint, cancel).ConfigureAwait(false);

    /// <summary>The fingerprints of what is trusted; null when the files cannot be read.</summary>
    private IReadOnlyDictionary<string, string>? Known()
    {
        IReadOnlyDictionary<string, string>? known = null;
        return Written(() => known = trusted.Fingerprints()) ? known : null;
    }

    private async Task<bool> FollowAsync(IReadOnlyDictionary<string, string>? known, string uuid, string address, string fingerprint, CancellationToken cancel)
    {
        if (known is null || known.GetValueOrDefault(uuid) == fingerprint)
        {
            return false;
        }

        try
        {
            using X509Certificate2 shown = await ShownCertificate.AskAsync(address, Port, PoolLimits.TalkBackDeadline, cancel).ConfigureAwait(false);
            if (CertificateRows.Fingerprint(shown, HashAlgorithmName.SHA256) != fingerprint)
            {
                Log.CertificateNotKept(logger, uuid, "it shows another than the pool has of it");
                return false;
            }

            return Written(() => trusted.Keep(uuid, shown));
        }
        catch (XenApiError error)
        {
            Log.CertificateNotKept(logger, uuid, error.Message);
            return false;
        }
    }

    /// <summary>Trusts whoever answers at an address until <see cref="EndFirstContact"/>, unless that is trusted anyway. Raises CANNOT_CONTACT_HOST [address].</summary>
    internal async Task BeginFirstContactAsync(string address, CancellationToken cancel)
    {
        if (Port != 0 && services.Configuration.Get(PoolSettings.HttpsOnly) && services.Configuration.Get(PoolSettings.TrustFirstContact))
        {
            using X509Certificate2 shown = await ShownCertificate.AskAsync(address, Port, PoolLimits.TalkBackDeadline, cancel).ConfigureAwait(false);
            Written(() => trusted.Keep(FirstContact, shown));
        }
    }

    /// <summary>That the pool at the address will be trusted from now on. Raises JOINING_HOST_SERVICE_FAILED.</summary>
    internal async Task AssertTrustedAsync(string address, CancellationToken cancel)
    {
        if (Port == 0 || !services.Configuration.Get(PoolSettings.HttpsOnly) || !services.Configuration.Get(PoolSettings.VerifyCertificates))
        {
            return;
        }

        EndFirstContact();
        using X509Certificate2 shown = await ShownCertificate.AskAsync(address, Port, PoolLimits.TalkBackDeadline, cancel).ConfigureAwait(false);
        if (new TrustedCertificates(services.Configuration.Get(PoolSettings.TrustedCertificates)).ProblemOf(shown) is { } problem)
        {
            Log.PeerNotTrusted(logger, problem);
            throw new XenApiError("JOINING_HOST_SERVICE_FAILED");
        }
    }

    internal void EndFirstContact() => Written(() => trusted.Forget(FirstContact));

    private static string? FingerprintOf(Ref<host> self, IReadOnlyList<KeyValuePair<Ref<Certificate>, Certificate>> certificates)
    {
        foreach ((_, Certificate row) in certificates)
        {
            if (row.host == self && row.type == certificate_type.host)
            {
                return row.fingerprint;
            }
        }

        return null;
    }

    /// <summary>False when the files could not be read or written; who needs them is told then why a host is not trusted.</summary>
    private bool Written(Action change)
    {
        try
        {
            change();
            return true;
        }
        catch (Exception error) when (error is ConfigurationException or IOException or UnauthorizedAccessException)
        {
            Log.CertificateNotKept(logger, services.Identity.Uuid, error.Message);
            return false;
        }
    }
}
