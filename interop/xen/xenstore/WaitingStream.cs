namespace Toolstack.Interop.Xen.Xenstore;

/// <summary>
/// A connection whose reads wait in the kernel, on the thread that makes them: what comes is handed on by the thread that the kernel wakes, and by
/// no other before it. <see cref="XenstoreLink"/> gives such a stream a thread. Disposal ends the wait of a read. Writes do not wait.
/// </summary>
public abstract class WaitingStream : Stream
{
    private protected WaitingStream()
    {
    }

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return new(Read(buffer.Span));
    }

    public abstract override int Read(Span<byte> buffer);

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
