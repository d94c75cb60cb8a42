using System.Net.Sockets;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace Toolstack.Interop.Linux;

/// <summary>Two connected Unix stream sockets without a name (socketpair(2)).</summary>
public static unsafe class UnixPair
{
    /// <summary>Both ends, close-on-exec. Raises <see cref="HypervisorError"/>.</summary>
    public static (Socket One, Socket Other) Create()
    {
        int* ends = stackalloc int[2];

        // SAFETY: the kernel writes two descriptors into the two places, and each is given to one owner.
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        {
            throw new HypervisorError("socketpair", errno);
        }

        return (new Socket(new SafeSocketHandle(ends[0], ownsHandle: true)), new Socket(new SafeSocketHandle(ends[1], ownsHandle: true)));
    }
}
