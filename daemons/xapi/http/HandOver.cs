using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;
using Toolstack.Idl;
using Toolstack.Interop.Linux;
using Toolstack.Xapi.Http.Tls;

namespace Toolstack.Xapi.Http;

/// <summary>
/// Hands a migration connection to xenopsd: reads its request head and not a byte more, checks its session, and passes the descriptor
/// over xenopsd's Unix socket (SCM_RIGHTS) with a record of the head. Nothing is answered on the connection when that works: the first
/// bytes the sender reads are xenopsd's handshake.
/// </summary>
internal sealed class HandOver(string xenopsdPath, Func<string?, CancellationToken, ValueTask<bool>> isSession, ILogger logger, CancellationToken stopping)
{
    private const string Busy = "503 Service Unavailable";

    private int underWay;

    /// <summary>Takes the connection; returns at once.</summary>
    internal void Start(Socket connection)
    {
        if (Interlocked.Increment(ref underWay) > HttpLimits.MaxHandOvers)
        {
            Interlocked.Decrement(ref underWay);
            Refuse(connection, Busy);
            connection.Dispose();
            return;
        }

        _ = Task.Run(() => RunAsync(connection), CancellationToken.None);
    }

    /// <summary>Takes a connection whose TLS ends here: xenopsd gets one end of a socket pair, and what comes is carried to it decrypted until
    /// either side is done. <paramref name="first"/>: what was read already.</summary>
    internal void StartDecrypted(SslStream connection, ReadOnlyMemory<byte> first)
    {
        bool fits = Interlocked.Increment(ref underWay) <= HttpLimits.MaxHandOvers;
        _ = Task.Run(() => RunDecryptedAsync(connection, first, fits), CancellationToken.None);
    }

    private async Task RunDecryptedAsync(SslStream connection, ReadOnlyMemory<byte> first, bool fits)
    {
        await using (connection.ConfigureAwait(false))
        {
            try
            {
                if (!fits)
                {
                    await connection.WriteAsync(Refusal(Busy), stopping).ConfigureAwait(false);
                    return;
                }

                using var deadline = CancellationTokenSource.CreateLinkedTokenSource(stopping);
                deadline.CancelAfter(HttpLimits.FirstHeadDeadline + HttpLimits.HandOverDeadline);
                (byte[]? head, ReadOnlyMemory<byte> rest) = await ReadHeadAsync(connection, first, deadline.Token).ConfigureAwait(false);
                (Socket ours, Socket theirs) = UnixPair.Create();
                using (ours)
                {
                    using (theirs)
                    {
                        if (await PassAsync(head, theirs, deadline.Token).ConfigureAwait(false) is { } refusal)
                        {
                            await connection.WriteAsync(Refusal(refusal), deadline.Token).ConfigureAwait(false);
                            return;
                        }
                    }

                    await TlsCarrier.RunAsync(connection, ours, rest, stopping).ConfigureAwait(false);
                }
            }
            catch (Exception error) when (error is SocketException or HypervisorError or OperationCanceledException or XenApiError or IOException)
            {
                Log.HandOverFailed(logger, error.Message);
            }
            finally
            {
                Interlocked.Decrement(ref underWay);
            }
        }
    }

    private async Task RunAsync(Socket connection)
    {
        using (connection)
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(stopping);
            deadline.CancelAfter(HttpLimits.FirstHeadDeadline + HttpLimits.HandOverDeadline);
            try
            {
                byte[]? head = await ReadHeadAsync(connection, deadline.Token).ConfigureAwait(false);
                if (await PassAsync(head, connection, deadline.Token).ConfigureAwait(false) is { } refusal)
                {
                    Refuse(connection, refusal);
                }
            }
            catch (Exception error) when (error is SocketException or HypervisorError or OperationCanceledException or XenApiError or IOException)
            {
                Log.HandOverFailed(logger, error.Message);
                Refuse(connection, "500 Internal Error");
            }
            finally
            {
                Interlocked.Decrement(ref underWay);
            }
        }
    }

    /// <summary>Gives the connection to xenopsd. The status of the refusal, or null when xenopsd has it.</summary>
    private async Task<string?> PassAsync(byte[]? head, Socket connection, CancellationToken cancel)
    {
        HandOverRequest? request = head is null ? null : HandOverRequest.Parse(head);
        if (request is null)
        {
            return "400 Bad Request";
        }

        // Whoever asks what became of a migration shows the token that only its two ends know; its session may have ended long ago.
        if (!request.Path.StartsWith(HandOverRequest.OutcomePrefix, StringComparison.Ordinal) && !await isSession(request.SessionId, cancel).ConfigureAwait(false))
        {
            Log.HandOverUnauthorised(logger, request.Path);
            return "401 Unauthorised\r\nWWW-Authenticate: Basic realm=\"services\"";
        }

        ReadOnlyMemory<byte> record = request.ToJson();
        if (record.Length > HttpLimits.MaxHandOverHeadBytes)
        {
            return "431 Request Header Fields Too Large";
        }

        using var xenopsd = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await xenopsd.ConnectAsync(new UnixDomainSocketEndPoint(xenopsdPath), cancel).ConfigureAwait(false);
        UnixRights.Send(xenopsd, record.Span, [connection.SafeHandle]);
        Log.HandedOver(logger, request.Path);
        return null;
    }

    /// <summary>The head of a decrypted connection, or null, and what came behind it.</summary>
    private static async Task<(byte[]? Head, ReadOnlyMemory<byte> Behind)> ReadHeadAsync(Stream connection, ReadOnlyMemory<byte> first, CancellationToken cancel)
    {
        byte[] bytes = new byte[Math.Max(HttpLimits.MaxHandOverHeadBytes, first.Length)];
        first.CopyTo(bytes);
        int count = first.Length;
        while (true)
        {
            int length = HandOverRequest.HeadLength(bytes.AsSpan(0, count));
            if (length > 0)
            {
                return (bytes[..length], bytes.AsMemory(length, count - length));
            }

            int read = count == bytes.Length ? 0 : await connection.ReadAsync(bytes.AsMemory(count), cancel).ConfigureAwait(false);
            if (read == 0)
            {
                return (null, ReadOnlyMemory<byte>.Empty);
            }

            count += read;
        }
    }

    /// <summary>The bytes of the head, taken off the socket; null when it ends early or grows too long. Peeks first, because what follows the head is xenopsd's.</summary>
    private static async Task<byte[]?> ReadHeadAsync(Socket connection, CancellationToken cancel)
    {
        byte[] bytes = new byte[HttpLimits.MaxHandOverHeadBytes];
        while (true)
        {
            int count = connection.Receive(bytes, SocketFlags.Peek);
            int length = HandOverRequest.HeadLength(bytes.AsSpan(0, count));
            if (length > 0)
            {
                byte[] head = new byte[length];
                for (int read = 0; read < length;)
                {
                    read += connection.Receive(head.AsSpan(read));
                }

                return head;
            }

            if (count == 0 || count == bytes.Length)
            {
                return null;
            }

            await Task.Delay(5, cancel).ConfigureAwait(false);
        }
    }

    private static byte[] Refusal(string status)
    {
        string body = $"<html><body><h1>{status.Split("\r\n")[0]}</h1></body></html>";
        return Encoding.ASCII.GetBytes(
            $"HTTP/1.1 {status}\r\ncontent-type: text/html\r\nconnection: close\r\ncontent-length: {body.Length}\r\n\r\n{body}");
    }

    private static void Refuse(Socket connection, string status)
    {
        try
        {
            connection.SendTimeout = 1000;
            connection.Send(Refusal(status));
        }
        catch (SocketException)
        {
            // The sender is gone; closing is all that is left.
        }
    }
}
