using System.Net.Sockets;

namespace Toolstack.MessageSwitch;

/// <summary>Sockets with a path in the file system.</summary>
internal static class UnixListener
{
    private const int Backlog = 1024;

    /// <summary>Binds and listens in place of a socket that nobody listens on any more. Raises <see cref="SocketException"/> or
    /// <see cref="IOException"/> when that is not possible, or when another process listens there.</summary>
    internal static void Listen(Socket listener, string path, SocketAccess access)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/");
        RemoveStale(path);
        listener.Bind(new UnixDomainSocketEndPoint(path));

        // Nobody can connect before Listen, so there is no moment with a wider mode.
        access.Apply(path);
        listener.Listen(Backlog);
    }

    private static void RemoveStale(string path)
    {
        if (!File.Exists(path))
        {
            return;
        }

        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException error) when (error.SocketErrorCode is SocketError.ConnectionRefused or SocketError.AddressNotAvailable)
        {
            File.Delete(path);
            return;
        }

        throw new IOException($"{path}: another process listens there");
    }
}
