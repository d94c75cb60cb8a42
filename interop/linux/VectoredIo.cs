using System.Net.Sockets;
using System.Runtime.InteropServices;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace Toolstack.Interop.Linux;

/// <summary>One run of memory of a vectored transfer; the layout is that of <c>struct iovec</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct IoVector(byte* start, long length)
{
    public byte* Start = start;
    public long Length = length;
}

/// <summary>
/// Blocking vectored transfer between memory runs and a connected stream socket, for loops with a thread of their own: the
/// kernel copies straight between the runs and its socket buffers. While the object lives the socket is in blocking mode with a
/// deadline for silence; the former mode comes back with <see cref="Dispose"/>.
/// Raises <see cref="HypervisorError"/> (ETIMEDOUT when the peer was silent for the deadline) and
/// <see cref="EndOfStreamException"/> when the peer closed before all bytes came.
/// </summary>
/// <remarks>Not thread-safe, except that another thread may shut the socket down to end a transfer.</remarks>
public sealed unsafe class VectoredIo : IDisposable
{
    /// <summary>Most runs in one system call (IOV_MAX); longer lists are split.</summary>
    public const int MaxVectors = 1024;

    private const int NonBlocking = 0x800; // O_NONBLOCK of x86-64
    private readonly SafeSocketHandle _handle;
    private readonly int _fd;
    private readonly int _flags;
    private bool _disposed;

    public VectoredIo(Socket socket, TimeSpan silence)
    {
        ArgumentNullException.ThrowIfNull(socket);
        ArgumentOutOfRangeException.ThrowIfLessThan(silence, TimeSpan.FromMilliseconds(1));
        _handle = socket.SafeHandle;
        var added = false;
        _handle.DangerousAddRef(ref added);
        _fd = (int)_handle.DangerousGetHandle();
        try
        {
            _flags = fcntl(_fd, F_GETFL);
            if (_flags < 0 || fcntl(_fd, F_SETFL, _flags & ~NonBlocking) < 0)
            {
                throw HypervisorError.Last("fcntl");
            }

            SetTimeouts(silence);
        }
        catch
        {
            _handle.DangerousRelease();
            throw;
        }
    }

    /// <summary>Bytes moved since the object was made, both ways.</summary>
    public long Bytes { get; private set; }

    /// <summary>Writes every byte of every run, in order. The runs are used up: their starts and lengths change.</summary>
    public void Write(Span<IoVector> vectors) => Transfer(vectors, write: true);

    /// <summary>Fills every run, in order. The runs are used up: their starts and lengths change.</summary>
    public void Read(Span<IoVector> vectors) => Transfer(vectors, write: false);

    /// <summary>Writes all of <paramref name="data"/>.</summary>
    public void Write(ReadOnlySpan<byte> data)
    {
        // SAFETY: pinned for the transfer, which only reads it.
        fixed (byte* pinned = data)
        {
            IoVector vector = new(pinned, data.Length);
            Transfer(new Span<IoVector>(ref vector), write: true);
        }
    }

    /// <summary>Fills all of <paramref name="data"/>.</summary>
    public void Read(Span<byte> data)
    {
        // SAFETY: pinned for the transfer.
        fixed (byte* pinned = data)
        {
            IoVector vector = new(pinned, data.Length);
            Transfer(new Span<IoVector>(ref vector), write: false);
        }
    }

    /// <summary>What has come, one byte at least; 0 when the peer closed.</summary>
    public int ReadSome(Span<byte> data)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        // SAFETY: pinned for the call.
        fixed (byte* pinned = data)
        {
            IoVector vector = new(pinned, data.Length);
            var moved = data.IsEmpty ? 0 : Once(&vector, 1, write: false, flags: 0);
            Bytes += moved;
            return (int)moved;
        }
    }

    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        _ = fcntl(_fd, F_SETFL, _flags);
        _handle.DangerousRelease();
    }

    private void Transfer(Span<IoVector> vectors, bool write)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        // SAFETY: the list is pinned for the loop; the caller answers for the runs' memory until the call returns; IoVector has
        // the layout of struct iovec.
        fixed (IoVector* list = vectors)
        {
            var index = 0;
            while (index < vectors.Length)
            {
                if (list[index].Length == 0)
                {
                    index++;
                    continue;
                }

                var moved = Once(list + index, Math.Min(vectors.Length - index, MaxVectors), write, write ? MSG_NOSIGNAL : MSG_WAITALL);
                if (moved == 0)
                {
                    throw new EndOfStreamException("the peer closed the connection inside the stream");
                }

                Bytes += moved;
                while (moved > 0)
                {
                    var taken = Math.Min(moved, list[index].Length);
                    list[index].Start += taken;
                    list[index].Length -= taken;
                    moved -= taken;
                    index += list[index].Length == 0 ? 1 : 0;
                }
            }
        }
    }

    /// <summary>One system call that moves something; 0 at the end of what can be read.</summary>
    private long Once(IoVector* list, int count, bool write, int flags)
    {
        msghdr message = new() { msg_iov = (iovec*)list, msg_iovlen = count };
        while (true)
        {
            // SAFETY: _fd is kept open by the reference taken in the constructor; the header lives on this frame.
            var moved = write ? (long)sendmsg(_fd, &message, flags) : (long)recvmsg(_fd, &message, flags);
            if (moved >= 0)
            {
                return moved;
            }

            var errno = LibC.errno;
            if (errno != EINTR)
            {
                throw new HypervisorError(write ? "sendmsg" : "recvmsg", errno == EAGAIN ? ETIMEDOUT : errno);
            }
        }
    }

    private void SetTimeouts(TimeSpan silence)
    {
        var value = stackalloc long[2]; // struct timeval: seconds, microseconds
        value[0] = silence.Ticks / TimeSpan.TicksPerSecond;
        value[1] = silence.Ticks % TimeSpan.TicksPerSecond / 10;
        // SAFETY: the kernel reads 16 bytes from this frame.
        if (setsockopt(_fd, SOL_SOCKET, SO_RCVTIMEO, value, 16) < 0 || setsockopt(_fd, SOL_SOCKET, SO_SNDTIMEO, value, 16) < 0)
        {
            throw HypervisorError.Last("setsockopt");
        }
    }
}
