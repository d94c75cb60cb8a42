using System.Net.Security;
using System.Security.Authentication;
using Toolstack.Xenopsd.Contract;

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
    private readonly TrustedCertificates trusted = new(trustedPath);

    /// <summary>Options for one connection. Hosts are known by their certificates, not by names: the address of a destination may be any
    /// of its interfaces'.</summary>
    /// <param name="refused">Told why a certificate was not accepted.</param>
    internal SslClientAuthenticationOptions Client(string host, bool verify, Action<string> refused) => new()
    {
        TargetHost = host,
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        RemoteCertificateValidationCallback = (_, certificate, _, _) =>
        {
            string? problem = verify || always ? trusted.ProblemOf(certificate) : null;
            if (problem is not null)
            {
                refused(problem);
            }

            return problem is null;
        },
    };
}
