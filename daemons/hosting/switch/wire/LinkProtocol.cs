using System.Net.Sockets;

namespace Toolstack.Hosting.Switch.Wire;

/// <summary>Looks at a new connection without taking anything from it, for those that speak several protocols on one socket.</summary>
public static class LinkProtocol
{
    /// <summary>The first byte that comes, which stays to be received; null when the peer closes without a word. Raises
    /// <see cref="TimeoutException"/> after <see cref="SwitchLimits.HelloDeadline"/>, <see cref="OperationCanceledException"/>,
    /// <see cref="SocketException"/> and <see cref="Interop.Linux.HypervisorError"/>.</summary>
    public static async Task<byte?> FirstByteAsync(Socket socket, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(socket);
        await LinkReactor.WaitReadableAsync(socket, SwitchLimits.HelloDeadline, cancel).ConfigureAwait(false);
        var first = new byte[1];
        return socket.Receive(first, SocketFlags.Peek) == 0 ? null : first[0];
    }
}
