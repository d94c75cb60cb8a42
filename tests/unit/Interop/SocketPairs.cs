using System.Net;
using System.Net.Sockets;

namespace Toolstack.Tests.Interop;

/// <summary>Two ends of one connection inside the process; nothing is left in the file system.</summary>
internal static class SocketPairs
{
    public static (Socket Client, Socket Server) Tcp() => Connect(new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp), new IPEndPoint(IPAddress.Loopback, 0));

    public static (Socket Client, Socket Server) Unix() =>
        Connect(new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified), new UnixDomainSocketEndPoint($"\0test-{Guid.NewGuid():N}"));

    private static (Socket, Socket) Connect(Socket listener, EndPoint address)
    {
        using (listener)
        {
            listener.Bind(address);
            listener.Listen(1);
            Socket client = new(listener.AddressFamily, SocketType.Stream, listener.ProtocolType);
            client.Connect(listener.LocalEndPoint!);
            return (client, listener.Accept());
        }
    }
}
