using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;
using Toolstack.Idl;
using Toolstack.Interop.Linux;

namespace Toolstack.Xapi.Http;

/// <summary>
/// Hands a migration connection to xenopsd: reads its request head and not a byte more, checks its session, and passes the descriptor
/// over xenopsd's Unix socket (SCM_RIGHTS) with a record of the head. Nothing is answered on the connection when that works: the first
/// bytes the sender reads are xenopsd's handshake.
/// </summary>
internal sealed class HandOver(string xenopsdPath, Func<string?, CancellationToken, ValueTask<bool>> isSession, ILogger logger, CancellationToken stopping)
{
    /// <summary>Takes the connection; returns at once.</summary>
    internal void Start(Socket connection) => _ = Task.Run(() => RunAsync(connection), stopping);

    private async Task RunAsync(Socket connection)
    {
        using (connection)
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(stopping);
            deadline.CancelAfter(HttpLimits.FirstHeadDeadline + HttpLimits.HandOverDeadline);
            try
            {
                await PassAsync(connection, deadline.Token).ConfigureAwait(false);
            }
            catch (Exception error) when (error is SocketException or HypervisorError or OperationCanceledException or XenApiError or IOException)
            {
                Log.HandOverFailed(logger, error.Message);
                Refuse(connection, "500 Internal Error");
            }
        }
    }

    private async Task PassAsync(Socket connection, CancellationToken cancel)
    {
        byte[]? head = await ReadHeadAsync(connection, cancel).ConfigureAwait(false);
        HandOverRequest? request = head is null ? null : HandOverRequest.Parse(head);
        if (request is null)
        {
            Refuse(connection, "400 Bad Request");
            return;
        }

        // Whoever asks what became of a migration shows the token that only its two ends know; its session may have ended long ago.
        if (!request.Path.StartsWith(HandOverRequest.OutcomePrefix, StringComparison.Ordinal) && !await isSession(request.SessionId, cancel).ConfigureAwait(false))
        {
            Log.HandOverUnauthorised(logger, request.Path);
            Refuse(connection, "401 Unauthorised\r\nWWW-Authenticate: Basic realm=\"services\"");
            return;
        }

        ReadOnlyMemory<byte> record = request.ToJson();
        if (record.Length > HttpLimits.MaxHandOverHeadBytes)
        {
            Refuse(connection, "431 Request Header Fields Too Large");
            return;
        }

        using var xenopsd = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await xenopsd.ConnectAsync(new UnixDomainSocketEndPoint(xenopsdPath), cancel).ConfigureAwait(false);
        UnixRights.Send(xenopsd, record.Span, [connection.SafeHandle]);
        Log.HandedOver(logger, request.Path);
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

    private static void Refuse(Socket connection, string status)
    {
        const string Body = "<html><body><h1>{0}</h1></body></html>";
        string body = Body.Replace("{0}", status.Split("\r\n")[0], StringComparison.Ordinal);
        string reply = $"HTTP/1.1 {status}\r\ncontent-type: text/html\r\nconnection: close\r\ncontent-length: {body.Length}\r\n\r\n{body}";
        try
        {
            connection.SendTimeout = 1000;
            connection.Send(Encoding.ASCII.GetBytes(reply));
        }
        catch (SocketException)
        {
            // The sender is gone; closing is all that is left.
        }
    }
}
