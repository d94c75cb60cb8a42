using System.Net.Sockets;

namespace Toolstack.Hosting;

/// <summary>Sockets with a path in the file system, of daemons whose peers run as the same user.</summary>
public static class UnixSocketFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Binds to <paramref name="path"/> with mode 0600, in place of a socket on which nobody listens any more. Nobody can
    /// connect before the caller listens. Raises <see cref="ConfigurationException"/> when the path cannot be had.</summary>
    public static void Bind(Socket listener, string path)
    {
        ArgumentNullException.ThrowIfNull(listener);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/");
            RemoveStale(path);
            listener.Bind(new UnixDomainSocketEndPoint(path));
            File.SetUnixFileMode(path, OwnerOnly);
        }
        catch (Exception error) when (error is SocketException or IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"{path}: {error.Message}");
        }
    }

    /// <summary>Whether a process listens there now.</summary>
    public static bool IsServed(string path)
    {
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static void RemoveStale(string path)
    {
        if (!File.Exists(path))
        {
            return;
        }

        if (IsServed(path))
        {
            throw new IOException("another process listens there");
        }

        File.Delete(path);
    }
}
