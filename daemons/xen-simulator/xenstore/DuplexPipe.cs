using System.Buffers;

namespace Toolstack.XenSimulator.Xenstore;

/// <summary>
/// Two streams, each reading what the other writes, in memory: what a guest's ring page is to the store. Each direction holds a bounded
/// number of bytes, for which there is memory only while there are any; a writer waits for room.
/// </summary>
public sealed class DuplexPipe : Stream
{
    private readonly ByteQueue incoming;
    private readonly ByteQueue outgoing;

    private DuplexPipe(ByteQueue incoming, ByteQueue outgoing)
    {
        this.incoming = incoming;
        this.outgoing = outgoing;
    }

    public static (DuplexPipe Left, DuplexPipe Right) Create()
    {
        var (one, other) = (new ByteQueue(), new ByteQueue());
        return (new DuplexPipe(one, other), new DuplexPipe(other, one));
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

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => incoming.ReadAsync(buffer, cancellationToken);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => outgoing.WriteAsync(buffer, cancellationToken);

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        incoming.End();
        outgoing.End();
        base.Dispose(disposing);
    }

    /// <summary>One direction, for one reader and one writer.</summary>
    private sealed class ByteQueue
    {
        private const int MaxBytes = 64 * 1024;

        private readonly Lock gate = new();
        private byte[] bytes = [];
        private int first;
        private int count;
        private bool ended;
        private TaskCompletionSource? reader;
        private TaskCompletionSource? writer;

        internal async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancel)
        {
            while (true)
            {
                Task waiting;
                lock (gate)
                {
                    if (count > 0)
                    {
                        return Take(buffer.Span);
                    }

                    if (ended)
                    {
                        return 0;
                    }

                    waiting = (reader = new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
                }

                await waiting.WaitAsync(cancel).ConfigureAwait(false);
            }
        }

        internal async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancel)
        {
            while (true)
            {
                Task waiting;
                lock (gate)
                {
                    if (ended)
                    {
                        throw new IOException("the other end is closed");
                    }

                    buffer = buffer[Put(buffer.Span)..];
                    if (buffer.IsEmpty)
                    {
                        return;
                    }

                    waiting = (writer = new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
                }

                await waiting.WaitAsync(cancel).ConfigureAwait(false);
            }
        }

        internal void End()
        {
            lock (gate)
            {
                ended = true;
                reader?.TrySetResult();
                writer?.TrySetResult();
            }
        }

        private int Put(ReadOnlySpan<byte> input)
        {
            var taken = Math.Min(input.Length, MaxBytes - count);
            if (taken == 0)
            {
                return 0;
            }

            if (first + count + taken > bytes.Length)
            {
                var other = count + taken > bytes.Length ? ArrayPool<byte>.Shared.Rent(count + taken) : bytes;
                bytes.AsSpan(first, count).CopyTo(other);
                first = 0;
                if (!ReferenceEquals(other, bytes))
                {
                    GiveBack();
                    bytes = other;
                }
            }

            input[..taken].CopyTo(bytes.AsSpan(first + count));
            count += taken;
            reader?.TrySetResult();
            return taken;
        }

        private int Take(Span<byte> output)
        {
            var taken = Math.Min(output.Length, count);
            bytes.AsSpan(first, taken).CopyTo(output);
            first += taken;
            count -= taken;
            if (count == 0)
            {
                first = 0;
                GiveBack();
                bytes = [];
            }

            writer?.TrySetResult();
            return taken;
        }

        private void GiveBack()
        {
            if (bytes.Length > 0)
            {
                ArrayPool<byte>.Shared.Return(bytes);
            }
        }
    }
}
