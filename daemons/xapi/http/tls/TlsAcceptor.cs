using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;

namespace Toolstack.Xapi.Http.Tls;

/// <summary>Shakes hands with the clients of one TLS listener, and routes each connection by its first decrypted bytes as
/// <see cref="AcceptThread"/> does without TLS: HTTP, or a migration to be handed over.</summary>
internal sealed class TlsAcceptor(ServerCertificate certificate, HandOver handOver, ILogger logger, Func<TlsConnection, bool> serve)
{
    private int shaking;

    /// <summary>Takes the connection; false when too many are in their handshake.</summary>
    internal bool Start(Socket socket)
    {
        if (Interlocked.Increment(ref shaking) > HttpLimits.MaxHandshakes)
        {
            Interlocked.Decrement(ref shaking);
            return false;
        }

        _ = Task.Run(() => RunAsync(socket));
        return true;
    }

    private async Task RunAsync(Socket socket)
    {
        var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
        bool taken = false;
        try
        {
            using var deadline = new CancellationTokenSource(HttpLimits.FirstHeadDeadline);
            await stream.AuthenticateAsServerAsync(Options(certificate), deadline.Token).ConfigureAwait(false);
            ReadOnlyMemory<byte> first = await FirstAsync(stream, deadline.Token).ConfigureAwait(false);
            switch (first.IsEmpty ? FirstBytes.Undecided : FirstBytesExtensions.Judge(first.Span))
            {
                case FirstBytes.HandOver:
                    taken = true;
                    handOver.StartDecrypted(stream, first);
                    break;
                case FirstBytes.Http:
                    taken = serve(new TlsConnection(socket, stream, first));
                    break;
                default:
                    break;
            }
        }
        catch (Exception error) when (error is IOException or AuthenticationException or OperationCanceledException or CryptographicException or SocketException)
        {
            Log.HandshakeFailed(logger, error.Message);
        }
        finally
        {
            Interlocked.Decrement(ref shaking);
            if (!taken)
            {
                await stream.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private static SslServerAuthenticationOptions Options(ServerCertificate certificate) => new()
    {
        ServerCertificate = certificate.Get(),
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        ClientCertificateRequired = false,
    };

    /// <summary>Enough bytes to tell who serves the connection; fewer when it ends before.</summary>
    private static async Task<ReadOnlyMemory<byte>> FirstAsync(SslStream stream, CancellationToken cancel)
    {
        byte[] bytes = new byte[4096];
        int count = 0;
        do
        {
            int read = await stream.ReadAsync(bytes.AsMemory(count), cancel).ConfigureAwait(false);
            if (read == 0)
            {
                return ReadOnlyMemory<byte>.Empty;
            }

            count += read;
        }
        while (FirstBytesExtensions.Judge(bytes.AsSpan(0, count)) is FirstBytes.Undecided);
        return bytes.AsMemory(0, count);
    }
}
