using System.Text;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using Toolstack.Interop.Linux;
using static Tmds.Linux.LibC;

namespace Toolstack.Interop.Xen.Xenstore;

/// <summary>
/// The kernel's xenstore device as a stream. One write of the device is one message; an event descriptor can end the wait of a read.
/// Raises <see cref="HypervisorError"/>.
/// </summary>
internal sealed unsafe class XenbusStream : WaitingStream
{
    private readonly SafeFileHandle device;
    private readonly SafeFileHandle wake;

    internal XenbusStream(string path)
    {
        device = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
        // SAFETY: takes no memory.
        var descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (descriptor < 0)
        {
            var failed = errno;
            device.Dispose();
            throw new HypervisorError("eventfd", failed);
        }

        wake = new SafeFileHandle(descriptor, ownsHandle: true);
    }

    /// <summary>True for a character device, and for a pipe with a name, which stands for it in tests.</summary>
    internal static bool IsDevice(string path)
    {
        stat status;
        var name = Encoding.UTF8.GetBytes(path + '\0');
        // SAFETY: the name ends with a NUL and is pinned; the kernel fills one stat structure.
        fixed (byte* text = name)
        {
            return stat(text, &status) == 0 && ((status.st_mode & S_IFMT) == S_IFCHR || (status.st_mode & S_IFMT) == S_IFIFO);
        }
    }

    /// <summary>Zero when the stream was disposed meanwhile.</summary>
    public override int Read(Span<byte> buffer)
    {
        var waits = stackalloc pollfd[2];
        waits[0] = new pollfd { fd = (int)device.DangerousGetHandle(), events = POLLIN };
        waits[1] = new pollfd { fd = (int)wake.DangerousGetHandle(), events = POLLIN };
        while (true)
        {
            // SAFETY: two structures on this stack.
            var ready = poll(waits, 2, -1);
            if (ready < 0 && errno != EINTR)
            {
                throw new HypervisorError("poll", errno);
            }

            if (ready > 0)
            {
                return (waits[1].revents & POLLIN) != 0 ? 0 : RandomAccess.Read(device, buffer, 0);
            }
        }
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Write(buffer.Span);
        return ValueTask.CompletedTask;
    }

    /// <summary>Writes whole messages, each by itself.</summary>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var whole = XenstoreLimits.HeaderBytes + XenstoreHeader.Read(buffer, XenstoreLimits.MaxRequestPayload).Length;
            RandomAccess.Write(device, buffer[..whole], 0);
            buffer = buffer[whole..];
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && !wake.IsInvalid)
        {
            ReadOnlySpan<byte> one = [1, 0, 0, 0, 0, 0, 0, 0];
            RandomAccess.Write(wake, one, 0);
            device.Dispose();
        }

        base.Dispose(disposing);
    }
}
