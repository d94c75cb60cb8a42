using System.Net.Sockets;
using Tmds.Linux;
using Toolstack.Interop.Linux;

namespace Toolstack.Interop.Xen.Xenstore;

/// <summary>Ways to a xenstore server.</summary>
public static class XenstoreEndpoint
{
    /// <summary>The daemon's socket; used when it is there.</summary>
    public const string DefaultSocket = "/run/xenstored/socket";

    /// <summary>The kernel's device, through which a server in another domain is reached.</summary>
    public const string Device = "/dev/xen/xenbus";

    /// <summary>Opens a character device or connects to a Unix socket. Raises <see cref="XenstoreError"/> ECONNRESET or EACCES.</summary>
    internal static async Task<Stream> OpenAsync(string path, CancellationToken cancel)
    {
        try
        {
            if (XenbusStream.IsDevice(path))
            {
                return new XenbusStream(path);
            }

            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            var connected = false;
            try
            {
                // Not asynchronously, which would make it a socket that does not wait in the kernel.
                await Task.Run(() => socket.Connect(new UnixDomainSocketEndPoint(path)), cancel).ConfigureAwait(false);
                connected = true;
            }
            finally
            {
                if (!connected)
                {
                    socket.Dispose();
                }
            }

            return new UnixSocketStream(socket);
        }
        catch (Exception error) when (error is SocketException or IOException)
        {
            throw new XenstoreError(null, path, XenstoreErrorName.ECONNRESET, error);
        }
        catch (UnauthorizedAccessException error)
        {
            throw new XenstoreError(null, path, XenstoreErrorName.EACCES, error);
        }
    }
}
