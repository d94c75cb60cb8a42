using System.Net.Sockets;
using Toolstack.Interop.Linux;

namespace Toolstack.Hosting;

/// <summary>Sockets with a path in the file system.</summary>
public static class UnixSocketFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Binds to <paramref name="path"/> with mode 0600, or with what <paramref name="access"/> gives it, in place of a socket on which
    /// nobody listens any more. Nobody can connect before the caller listens, so there is no moment with a wider mode. Raises
    /// <see cref="ConfigurationException"/> when the path cannot be had.</summary>
    public static void Bind(Socket listener, string path, Action<string>? access = null)
    {
        ArgumentNullException.ThrowIfNull(listener);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/");
            RemoveStale(path);
            listener.Bind(new UnixDomainSocketEndPoint(path));
            (access ?? (static bound => File.SetUnixFileMode(bound, OwnerOnly)))(path);
        }
        catch (Exception error) when (error is SocketException or IOException or UnauthorizedAccessException or HypervisorError)
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

        throw new IOException("another process listens there");
    }
}
