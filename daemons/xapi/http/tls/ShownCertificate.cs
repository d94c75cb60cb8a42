using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Toolstack.Idl;

namespace Toolstack.Xapi.Http.Tls;

/// <summary>What another host shows to whoever connects: nothing is sent to it, and nothing of it is believed yet.</summary>
internal static class ShownCertificate
{
    /// <summary>The certificate; the caller disposes it. Raises CANNOT_CONTACT_HOST [address].</summary>
    internal static async Task<X509Certificate2> AskAsync(string address, int port, TimeSpan deadline, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(deadline);
        try
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(address, port, limit.Token).ConfigureAwait(false);
            using var stream = new SslStream(new NetworkStream(socket, ownsSocket: false));
            X509Certificate2? shown = null;
            await stream.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = address,
                    EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                    RemoteCertificateValidationCallback = (_, certificate, _, _) =>
                    {
                        // Whether it is the right one is for the caller to say.
                        shown = certificate is null ? null : X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
                        return shown is not null;
                    },
                },
                limit.Token).ConfigureAwait(false);
            return shown ?? throw new XenApiError("CANNOT_CONTACT_HOST", address);
        }
        catch (Exception error) when (error is SocketException or IOException or AuthenticationException
            || (error is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            throw new XenApiError("CANNOT_CONTACT_HOST", address);
        }
    }
}
