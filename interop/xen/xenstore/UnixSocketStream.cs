using System.Net.Sockets;
using Toolstack.Interop.Linux;

namespace Toolstack.Interop.Xen.Xenstore;

/// <summary>A connected Unix socket in blocking mode: one that nobody has used asynchronously. The stream owns it. Raises
/// <see cref="IOException"/>, <see cref="SocketException"/> and <see cref="ObjectDisposedException"/>.</summary>
public sealed class UnixSocketStream(Socket socket) : WaitingStream
{
    public override int Read(Span<byte> buffer) => socket.Receive(buffer);

    /// <summary>Usually the kernel takes everything at once. What it does not take goes out on a thread of its own.</summary>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var rest = buffer[TrySend(buffer.Span)..];
        return rest.IsEmpty
            ? ValueTask.CompletedTask
            : new(Task.Factory.StartNew(
                () => Write(rest.Span), CancellationToken.None, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default));
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            buffer = buffer[socket.Send(buffer)..];
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            socket.Dispose();
        }

        base.Dispose(disposing);
    }

    private int TrySend(ReadOnlySpan<byte> bytes)
    {
        var handle = socket.SafeHandle;
        var held = false;
        try
        {
            // Its number must not become another file's meanwhile.
            handle.DangerousAddRef(ref held);
            return UnixRights.TrySend(socket, bytes);
        }
        catch (HypervisorError error)
        {
            throw new IOException(error.Message, error);
        }
        finally
        {
            if (held)
            {
                handle.DangerousRelease();
            }
        }
    }
}
