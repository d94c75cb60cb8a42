using System.Net.Sockets;
using System.Runtime.InteropServices;
using Toolstack.Interop.Linux;

namespace Toolstack.MessageSwitch;

/// <summary>The process at the other end of a Unix socket, as the kernel knows it (SO_PEERCRED, unix(7)): it cannot be forged.</summary>
internal readonly record struct PeerIdentity(int Process, uint User, uint Group)
{
    private const int SolSocket = 1;
    private const int SoPeerCred = 17;

    internal bool IsRoot => User == 0;

    /// <summary>The user the switch runs as.</summary>
    internal static uint Own { get; } = UnixOwner.Current;

    /// <summary>Who connected <paramref name="socket"/>. Raises <see cref="SocketException"/>.</summary>
    internal static PeerIdentity Of(Socket socket)
    {
        // struct ucred: pid, uid, gid of 32 bits each.
        Span<int> credentials = stackalloc int[3];
        socket.GetRawSocketOption(SolSocket, SoPeerCred, MemoryMarshal.AsBytes(credentials));
        return new PeerIdentity(credentials[0], (uint)credentials[1], (uint)credentials[2]);
    }
}
