using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace Toolstack.Interop.Linux;

/// <summary>
/// File descriptors over a connected Unix stream socket (SCM_RIGHTS, unix(7)). The descriptors arrive with the first byte of the
/// data they were sent with, always close-on-exec. Raises <see cref="HypervisorError"/>; a socket in non-blocking mode (every
/// socket .NET has used asynchronously) is waited for with poll, up to <see cref="Deadline"/>.
/// </summary>
public static unsafe class UnixRights
{
    /// <summary>Most descriptors in one message; the kernel's own limit is 253.</summary>
    public const int MaxDescriptors = 16;

    /// <summary>Longest wait for the socket to take or give a byte.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    // struct cmsghdr on 64-bit systems is 16 bytes and messages are aligned to 8. Computed here because CMSG_LEN of Tmds.LibC
    // rounds up, and the kernel would take the padding for one more descriptor.
    private const int HeaderBytes = 16;
    private const int ControlBytes = HeaderBytes + (((MaxDescriptors * sizeof(int)) + 7) & ~7);

    /// <summary>Sends all of <paramref name="data"/> (at least one byte) with the descriptors attached to its first byte.
    /// The caller keeps its descriptors and may close them on return.</summary>
    public static void Send(Socket socket, ReadOnlySpan<byte> data, ReadOnlySpan<SafeHandle> descriptors)
    {
        ArgumentNullException.ThrowIfNull(socket);
        ArgumentOutOfRangeException.ThrowIfZero(data.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(descriptors.Length, MaxDescriptors);
        var held = 0;
        try
        {
            Span<int> numbers = stackalloc int[descriptors.Length];
            for (; held < descriptors.Length; held++)
            {
                var added = false;
                descriptors[held].DangerousAddRef(ref added);
                numbers[held] = (int)descriptors[held].DangerousGetHandle();
            }

            var sent = SendMessage(socket, data, numbers);
            while (sent < data.Length)
            {
                sent += SendMessage(socket, data[sent..], []);
            }
        }
        finally
        {
            for (var i = 0; i < held; i++)
            {
                descriptors[i].DangerousRelease();
            }
        }
    }

    /// <summary>Sends what the socket takes at once, without waiting, and gives how much that is: 0 when its buffer is full.
    /// A descriptor goes with the first byte, if any byte goes; the caller keeps it.</summary>
    public static int TrySend(Socket socket, ReadOnlySpan<byte> data, SafeHandle? descriptor = null)
    {
        ArgumentNullException.ThrowIfNull(socket);
        ReadOnlySpan<int> numbers = descriptor is null ? [] : [(int)descriptor.DangerousGetHandle()];
        while (true)
        {
            var sent = SendOnce(socket, data, numbers, MSG_DONTWAIT | MSG_NOSIGNAL);
            if (sent >= 0)
            {
                return (int)sent;
            }

            if (errno == EAGAIN)
            {
                return 0;
            }

            if (errno != EINTR)
            {
                throw new HypervisorError("sendmsg", errno);
            }
        }
    }

    /// <summary>As <see cref="Receive"/>, but does not wait: null when nothing is there.</summary>
    public static int? TryReceive(Socket socket, Span<byte> data, List<SafeFileHandle> descriptors) =>
        ReceiveOrNot(socket, data, descriptors, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

    /// <summary>As <see cref="Receive"/>, of a socket in blocking mode: null when nothing came within its <see cref="SetReceiveTime"/>.</summary>
    public static int? ReceiveInTime(Socket socket, Span<byte> data, List<SafeFileHandle> descriptors) =>
        ReceiveOrNot(socket, data, descriptors, MSG_CMSG_CLOEXEC);

    /// <summary>How long the kernel lets a receive wait (SO_RCVTIMEO), which .NET's own time of a socket does not set.
    /// Raises <see cref="SocketException"/>.</summary>
    public static void SetReceiveTime(Socket socket, TimeSpan time)
    {
        ArgumentNullException.ThrowIfNull(socket);
        // struct timeval on 64-bit systems: seconds, then microseconds.
        Span<long> value = [(long)time.TotalSeconds, (long)(time - TimeSpan.FromSeconds((long)time.TotalSeconds)).TotalMicroseconds];
        socket.SetRawSocketOption(SOL_SOCKET, SO_RCVTIMEO, MemoryMarshal.AsBytes(value));
    }

    /// <summary>Receives up to <paramref name="data"/>.Length bytes and appends the descriptors that came with them, which the
    /// caller then owns. Returns the byte count, 0 at the end of the stream. A message whose descriptors did not all fit
    /// raises EMSGSIZE after closing the ones received.</summary>
    public static int Receive(Socket socket, Span<byte> data, List<SafeFileHandle> descriptors)
    {
        ArgumentNullException.ThrowIfNull(socket);
        ArgumentNullException.ThrowIfNull(descriptors);
        while (true)
        {
            var received = ReceiveOnce(socket, data, descriptors, MSG_CMSG_CLOEXEC);
            if (received >= 0)
            {
                return (int)received;
            }

            RetryOrThrow(socket, "recvmsg", SelectMode.SelectRead);
        }
    }

    private static int? ReceiveOrNot(Socket socket, Span<byte> data, List<SafeFileHandle> descriptors, int flags)
    {
        ArgumentNullException.ThrowIfNull(socket);
        ArgumentNullException.ThrowIfNull(descriptors);
        while (true)
        {
            var received = ReceiveOnce(socket, data, descriptors, flags);
            if (received >= 0)
            {
                return (int)received;
            }

            if (errno == EAGAIN)
            {
                return null;
            }

            if (errno != EINTR)
            {
                throw new HypervisorError("recvmsg", errno);
            }
        }
    }

    private static long ReceiveOnce(Socket socket, Span<byte> data, List<SafeFileHandle> descriptors, int flags)
    {
        var control = stackalloc byte[ControlBytes];
        // SAFETY: iovec, header and control buffer live on this stack frame for the whole call and the data is pinned; the
        // kernel writes at most the lengths given.
        fixed (byte* pinned = data)
        {
            iovec vector = new() { iov_base = pinned, iov_len = (size_t)(ulong)data.Length };
            msghdr message = new()
            {
                msg_iov = &vector,
                msg_iovlen = 1,
                msg_control = control,
                msg_controllen = ControlBytes,
            };
            var received = (long)recvmsg((int)socket.SafeHandle.DangerousGetHandle(), &message, flags);
            if (received >= 0)
            {
                TakeDescriptors(&message, descriptors);
            }

            return received;
        }
    }

    private static int SendMessage(Socket socket, ReadOnlySpan<byte> data, ReadOnlySpan<int> numbers)
    {
        while (true)
        {
            var sent = SendOnce(socket, data, numbers, MSG_NOSIGNAL);
            if (sent >= 0)
            {
                return (int)sent;
            }

            RetryOrThrow(socket, "sendmsg", SelectMode.SelectWrite);
        }
    }

    private static long SendOnce(Socket socket, ReadOnlySpan<byte> data, ReadOnlySpan<int> numbers, int flags)
    {
        var control = stackalloc byte[ControlBytes];
        // SAFETY: as in ReceiveOnce; the control buffer holds MaxDescriptors and numbers were checked against that.
        fixed (byte* pinned = data)
        {
            iovec vector = new() { iov_base = pinned, iov_len = (size_t)(ulong)data.Length };
            msghdr message = new() { msg_iov = &vector, msg_iovlen = 1 };
            if (numbers.Length > 0)
            {
                var payload = numbers.Length * sizeof(int);
                message.msg_control = control;
                message.msg_controllen = ControlBytes;
                var header = CMSG_FIRSTHDR(&message);
                header->cmsg_level = SOL_SOCKET;
                header->cmsg_type = SCM_RIGHTS;
                header->cmsg_len = HeaderBytes + payload;
                message.msg_controllen = HeaderBytes + ((payload + 7) & ~7);
                numbers.CopyTo(new Span<int>(CMSG_DATA(header), numbers.Length));
            }

            return (long)sendmsg((int)socket.SafeHandle.DangerousGetHandle(), &message, flags);
        }
    }

    private static void TakeDescriptors(msghdr* message, List<SafeFileHandle> descriptors)
    {
        var first = descriptors.Count;
        // SAFETY: the kernel filled the control buffer; CMSG_NXTHDR stops at msg_controllen, and each payload lies inside it.
        for (var header = CMSG_FIRSTHDR(message); header is not null; header = CMSG_NXTHDR(message, header))
        {
            if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
            {
                continue;
            }

            var count = ((int)(ulong)header->cmsg_len - HeaderBytes) / sizeof(int);
            foreach (var number in new ReadOnlySpan<int>(CMSG_DATA(header), count))
            {
                descriptors.Add(new SafeFileHandle(number, ownsHandle: true));
            }
        }

        if ((message->msg_flags & MSG_CTRUNC) == 0)
        {
            return;
        }

        for (var i = first; i < descriptors.Count; i++)
        {
            descriptors[i].Dispose();
        }

        descriptors.RemoveRange(first, descriptors.Count - first);
        throw new HypervisorError($"recvmsg: more than {nameof(MaxDescriptors)} descriptors", EMSGSIZE);
    }

    private static void RetryOrThrow(Socket socket, string operation, SelectMode mode)
    {
        var errno = LibC.errno;
        if (errno == EINTR)
        {
            return;
        }

        if (errno != EAGAIN)
        {
            throw new HypervisorError(operation, errno);
        }

        if (!socket.Poll(Deadline, mode))
        {
            throw new HypervisorError(operation, ETIMEDOUT);
        }
    }
}
