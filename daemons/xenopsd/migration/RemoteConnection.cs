using System.Net.Sockets;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Migration;

/// <summary>Opens connections to the destination's XenAPI address.</summary>
internal static class RemoteConnection
{
    private const int HttpPort = 80;
    private const int KeepAliveSeconds = 10;

    /// <summary>Connects and sends the head. Raises Failed_to_contact_remote_service.</summary>
    internal static async Task<Socket> OpenAsync(Uri destination, ReadOnlyMemory<byte> head, CancellationToken cancel)
    {
        if (destination.Scheme != Uri.UriSchemeHttp)
        {
            throw new XenopsError(new XenopsErrorValue.Unimplemented($"migration over {destination.Scheme}"));
        }

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(MigrationLimits.Connect);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, KeepAliveSeconds);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, KeepAliveSeconds);
            await socket.ConnectAsync(destination.DnsSafeHost, destination.Port < 0 ? HttpPort : destination.Port, deadline.Token).ConfigureAwait(false);
            while (!head.IsEmpty)
            {
                head = head[await socket.SendAsync(head, SocketFlags.None, deadline.Token).ConfigureAwait(false)..];
            }

            return socket;
        }
        catch (Exception error) when (error is SocketException || (error is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            socket.Dispose();
            string problem = error is SocketException ? error.Message : "no connection in time";
            throw new XenopsError(new XenopsErrorValue.Failed_to_contact_remote_service($"{destination.Authority}: {problem}"), error);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
