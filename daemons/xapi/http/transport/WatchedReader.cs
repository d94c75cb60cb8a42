using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace Toolstack.Xapi.Http.Transport;

/// <summary>A pipe's reader that lets the writer wait until everything has been looked at. The HTTP server takes the end of a body for its being cut, and drops
/// what it has not read by then: the end must not be told before. One reader and one writer.</summary>
internal sealed class WatchedReader(PipeReader inner) : PipeReader
{
    private readonly TaskCompletionSource<bool> completed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ReadOnlySequence<byte> buffer;
    private long consumed;
    private long examined;
    private Awaited? awaited;

    private sealed record Awaited(long Bytes, TaskCompletionSource<bool> Reached);

    /// <summary>Ends when the reader has examined so many bytes since the beginning, or reads no more.</summary>
    internal async Task ExaminedAsync(long bytes)
    {
        TaskCompletionSource<bool> reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Volatile.Write(ref awaited, new Awaited(bytes, reached));
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref examined) < bytes)
        {
            await Task.WhenAny(reached.Task, completed.Task).ConfigureAwait(false);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) =>
        Remember(await inner.ReadAsync(cancellationToken).ConfigureAwait(false));

    public override bool TryRead(out ReadResult result)
    {
        bool any = inner.TryRead(out result);
        if (any)
        {
            Remember(result);
        }

        return any;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        long seen = this.consumed + buffer.GetOffset(examined) - buffer.GetOffset(buffer.Start);
        this.consumed += buffer.GetOffset(consumed) - buffer.GetOffset(buffer.Start);
        buffer = default;
        inner.AdvanceTo(consumed, examined);
        Volatile.Write(ref this.examined, seen);
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref awaited) is { } end && seen >= end.Bytes)
        {
            end.Reached.TrySetResult(true);
        }
    }

    public override void CancelPendingRead() => inner.CancelPendingRead();

    public override void Complete(Exception? exception = null)
    {
        inner.Complete(exception);
        completed.TrySetResult(true);
    }

    private ReadResult Remember(ReadResult result)
    {
        buffer = result.Buffer;
        return result;
    }
}
