using System.Net;
using System.Net.Sockets;

namespace Toolstack.EndToEnd.Client;

/// <summary>TCP ports for daemons that are started a moment later, or again after they were killed.</summary>
public static class FreePort
{
    /// <summary>Not the ports that the kernel gives to outgoing connections (32768 and up, unless configured): an IPv6 socket whose connection
    /// was refused keeps such a port at every address until it is closed.</summary>
    private const int First = 10000;
    private const int Beyond = 32768;
    private const int Attempts = 100;

    /// <summary>A port that was free at every one of <paramref name="addresses"/>. Raises <see cref="SocketException"/> (EADDRINUSE) after
    /// 100 that were not.</summary>
    public static int Of(params ReadOnlySpan<IPAddress> addresses)
    {
        for (var attempt = 1; ; attempt++)
        {
            var port = Random.Shared.Next(First, Beyond);
            try
            {
                foreach (var address in addresses)
                {
                    using var probe = new TcpListener(address, port);
                    probe.Start();
                }

                return port;
            }
            catch (SocketException error) when (error.SocketErrorCode == SocketError.AddressAlreadyInUse && attempt < Attempts)
            {
            }
        }
    }
}
