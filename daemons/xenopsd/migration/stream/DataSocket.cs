using System.Net.Sockets;

namespace Toolstack.Xenopsd.Migration.Stream;

/// <summary>The connection that carries a stream, seen from another thread than the one that copies.</summary>
internal static class DataSocket
{
    /// <summary>Ends both directions, so that a transfer blocked on it returns; harmless when the peer was quicker.</summary>
    public static void End(Socket socket)
    {
        try
        {
            socket.Shutdown(SocketShutdown.Both);
        }
        catch (SocketException)
        {
            // Not connected any more: what this call is for has happened.
        }
        catch (ObjectDisposedException)
        {
            // The transfer is over and its owner closed the socket.
        }
    }
}
