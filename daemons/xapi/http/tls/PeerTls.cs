using System.Net.Security;
using System.Security.Authentication;
using Microsoft.Extensions.Logging;
using Toolstack.Hosting;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xapi.Http.Tls;

/// <summary>How this host encrypts its calls to the others.</summary>
/// <param name="Port">Where the others serve XenAPI over TLS.</param>
/// <param name="Trusted">What their certificates are verified by; null: they are not.</param>
/// <param name="Logger">Where it is told which certificate was refused.</param>
public sealed record PeerTls(int Port, TrustedCertificates? Trusted, ILogger Logger)
{
    /// <summary>As the configuration has it; null for plain HTTP.</summary>
    internal static PeerTls? Of(Configuration configuration, ILogger logger)
    {
        int port = (int)configuration.Get(Settings.HttpsPort);
        return port == 0 || !configuration.Get(Pool.PoolSettings.HttpsOnly) ? null : new PeerTls(
            port,
            configuration.Get(Pool.PoolSettings.VerifyCertificates) ? new TrustedCertificates(configuration.Get(Pool.PoolSettings.TrustedCertificates)) : null,
            logger);
    }

    internal SslClientAuthenticationOptions Options => new()
    {
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        RemoteCertificateValidationCallback = (_, certificate, _, _) =>
        {
            string? problem = Trusted?.ProblemOf(certificate);
            if (problem is not null)
            {
                Log.PeerNotTrusted(Logger, problem);
            }

            return problem is null;
        },
    };
}
