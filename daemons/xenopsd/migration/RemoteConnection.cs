using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Migration;

/// <summary>Where a migration goes and how its connections get there.</summary>
/// <param name="Url">As given to VM.migrate; its query carries the session, its fragment stays here.</param>
/// <param name="Verify">The destination's certificate must be a trusted one (https only).</param>
internal sealed record RemoteHost(Uri Url, bool Verify, MigrationTls Tls);

/// <summary>Opens connections to the destination's XenAPI address.</summary>
internal static class RemoteConnection
{
    private const int HttpPort = 80;
    private const int HttpsPort = 443;
    private const int KeepAliveSeconds = 10;

    /// <summary>Connects, encrypts if the URL says so, and sends the head. Raises Failed_to_contact_remote_service.</summary>
    internal static async Task<MigrationConnection> OpenAsync(RemoteHost host, ReadOnlyMemory<byte> head, CancellationToken cancel)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(MigrationLimits.Connect);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        MigrationConnection? connection = null;
        try
        {
            bool secure = host.Url.Scheme == Uri.UriSchemeHttps;
            KeepAlive(socket);
            await socket.ConnectAsync(host.Url.DnsSafeHost, Port(host.Url, secure), deadline.Token).ConfigureAwait(false);
            connection = new MigrationConnection(socket, secure ? await EncryptAsync(host, socket, deadline.Token).ConfigureAwait(false) : null);
            await connection.Bytes.WriteAsync(head, deadline.Token).ConfigureAwait(false);
            return connection;
        }
        catch (Exception error) when (error is SocketException or IOException or AuthenticationException or CryptographicException
            || (error is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            connection?.Dispose();
            socket.Dispose();
            string problem = error is OperationCanceledException ? "no connection in time" : error.Message;
            throw new XenopsError(new XenopsErrorValue.Failed_to_contact_remote_service($"{host.Url.Authority}: {problem}"), error);
        }
        catch
        {
            connection?.Dispose();
            socket.Dispose();
            throw;
        }
    }

    /// <summary>A peer that is cut off without a word is noticed within a minute.</summary>
    internal static void KeepAlive(Socket socket)
    {
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, KeepAliveSeconds);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, KeepAliveSeconds);
    }

    private static int Port(Uri url, bool secure) => url.Port >= 0 ? url.Port : secure ? HttpsPort : HttpPort;

    private static async Task<SslStream> EncryptAsync(RemoteHost host, Socket socket, CancellationToken cancel)
    {
        string? refusal = null;
        var tls = new SslStream(new NetworkStream(socket, ownsSocket: false));
        try
        {
            await tls.AuthenticateAsClientAsync(host.Tls.Client(host.Url.DnsSafeHost, host.Verify, problem => refusal = problem), cancel).ConfigureAwait(false);
            return tls;
        }
        catch (AuthenticationException error) when (refusal is not null)
        {
            await tls.DisposeAsync().ConfigureAwait(false);
            throw new AuthenticationException(refusal, error);
        }
        catch
        {
            await tls.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }
}
