using System.Buffers;
using System.Net.Sockets;

namespace Toolstack.Interop.Xen.Xenstore;

/// <summary>Takes one message. The payload is only there during the call.</summary>
public delegate void XenstoreMessageHandler(XenstoreHeader header, ReadOnlySpan<byte> payload);

/// <summary>
/// One end of a xenstore connection, client's or server's: whole messages over a byte stream, in both directions. What is posted is
/// collected and leaves with the next <see cref="Flush"/>; the sender never waits for the reader nor the other way round. The output
/// is bounded: beyond <c>maxUnsent</c> bytes that the peer does not take, or when it takes nothing for <c>sendDeadline</c>, the link
/// closes. Safe for any thread.
/// </summary>
public sealed class XenstoreLink(Stream stream, int maxPayload, int maxUnsent, TimeSpan sendDeadline) : IDisposable
{
    private const int FirstReadBytes = 1024;
    private const int IdleReadBytes = 8 * 1024;
    private const int StackBytes = 512 * 1024;

    private readonly Lock gate = new();
    private readonly CancellationTokenSource closing = new();
    private XenstoreBuffer filling = new();
    private XenstoreBuffer leaving = new();
    private TaskCompletionSource? room;
    private bool sending;
    private bool closed;
    private Exception? reason;

    /// <summary>Adds a message to what leaves next: words, each ended by a NUL, then <paramref name="tail"/> as it is. False when the
    /// link is closed, which it also becomes when the peer has left too much untaken.</summary>
    public bool Post(XenstoreOperation operation, uint requestId, uint transactionId, ReadOnlySpan<string> words, ReadOnlySpan<byte> tail = default)
    {
        lock (gate)
        {
            if (closed)
            {
                return false;
            }

            filling.Append(operation, requestId, transactionId, words, tail);
            if (filling.Length <= maxUnsent)
            {
                return true;
            }
        }

        Close(new XenstoreFormatException($"the peer leaves more than {maxUnsent} bytes untaken"));
        return false;
    }

    /// <summary>Bytes posted and not yet handed to the stream.</summary>
    public int Unsent
    {
        get
        {
            lock (gate)
            {
                return filling.Length;
            }
        }
    }

    /// <summary>Counts how often what was posted began to leave: messages posted under one value are still here under the same.</summary>
    public long Departures { get; private set; }

    /// <summary>With more bytes than this untaken by the peer, nothing more is received from it.</summary>
    public int PauseReceivingAbove { get; init; } = int.MaxValue;

    /// <summary>Lets what is posted leave, without waiting for it.</summary>
    public void Flush()
    {
        lock (gate)
        {
            if (sending || closed || filling.Length == 0)
            {
                return;
            }

            sending = true;
        }

        _ = SendAsync();
    }

    /// <summary>Hands every message that arrives to <paramref name="handler"/>, one after the other, until the stream ends or the link is
    /// closed; returns why (null for an orderly end). <see cref="XenstoreFormatException"/> out of the handler closes the link too.
    /// <paramref name="drained"/> is called when all that has arrived is handled. Of a <see cref="WaitingStream"/> both are called by a thread of
    /// the link's own.</summary>
    public Task<Exception?> ReceiveAsync(XenstoreMessageHandler handler, Action? drained = null)
    {
        ArgumentNullException.ThrowIfNull(handler);
        if (stream is not WaitingStream)
        {
            return ReceiveAllAsync(handler, drained);
        }

        var ended = new TaskCompletionSource<Exception?>(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() => ReceiveHere(handler, drained, ended), StackBytes) { IsBackground = true, Name = "xenstore" }.Start();
        return ended.Task;
    }

    private void ReceiveHere(XenstoreMessageHandler handler, Action? drained, TaskCompletionSource<Exception?> ended)
    {
        try
        {
            ended.SetResult(ReceiveAllAsync(handler, drained).GetAwaiter().GetResult());
        }
        catch (Exception error) // the thread that owns the connection: whoever waits for its end is told
        {
            ended.SetException(error);
        }
    }

    private async Task<Exception?> ReceiveAllAsync(XenstoreMessageHandler handler, Action? drained)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(FirstReadBytes);
        try
        {
            var filled = 0;
            while (true)
            {
                var count = await stream.ReadAsync(buffer.AsMemory(filled), closing.Token).ConfigureAwait(false);
                if (count == 0)
                {
                    Close(filled == 0 ? null : new XenstoreFormatException("the stream ends inside a message"));
                    break;
                }

                filled += count;
                var (used, needed) = Handle(buffer.AsSpan(0, filled), handler);
                drained?.Invoke();
                buffer = Resize(buffer, ref filled, used, needed);
                var room = RoomAsync();
                if (stream is WaitingStream && !room.IsCompleted)
                {
                    // On this thread the loop must stay, for the next read waits on it.
                    room.AsTask().GetAwaiter().GetResult();
                }
                else
                {
                    await room.ConfigureAwait(false);
                }
            }
        }
        catch (Exception error) when (error is IOException or SocketException or ObjectDisposedException or OperationCanceledException or XenstoreFormatException)
        {
            Close(error);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return reason;
    }

    /// <summary>Ends both directions; the first reason given is the one <see cref="ReceiveAsync"/> returns.</summary>
    public void Close(Exception? why)
    {
        lock (gate)
        {
            if (closed)
            {
                return;
            }

            closed = true;
            reason = why;
            filling.Clear();
            room?.TrySetResult();
        }

        closing.Cancel();
        stream.Dispose();
    }

    public void Dispose() => Close(null);

    private async Task SendAsync()
    {
        try
        {
            while (true)
            {
                lock (gate)
                {
                    leaving.Clear();
                    room?.TrySetResult();
                    room = null;
                    if (closed || filling.Length == 0)
                    {
                        sending = false;
                        return;
                    }

                    (filling, leaving) = (leaving, filling);
                    Departures++;
                }

                var writing = stream.WriteAsync(leaving.Written, closing.Token);
                if (writing.IsCompleted)
                {
                    await writing.ConfigureAwait(false);
                }
                else
                {
                    await writing.AsTask().WaitAsync(sendDeadline).ConfigureAwait(false);
                }
            }
        }
        catch (Exception error) when (error is IOException or SocketException or ObjectDisposedException or OperationCanceledException or TimeoutException)
        {
            Close(error);
        }
    }

    private async ValueTask RoomAsync()
    {
        Task waiting;
        lock (gate)
        {
            if (closed || filling.Length <= PauseReceivingAbove)
            {
                return;
            }

            waiting = (room ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }

        Flush();
        await waiting.ConfigureAwait(false);
    }

    private (int Used, int Needed) Handle(ReadOnlySpan<byte> input, XenstoreMessageHandler handler)
    {
        var used = 0;
        while (input.Length - used >= XenstoreLimits.HeaderBytes)
        {
            var header = XenstoreHeader.Read(input[used..], maxPayload);
            var whole = XenstoreLimits.HeaderBytes + header.Length;
            if (input.Length - used < whole)
            {
                return (used, whole);
            }

            handler(header, input.Slice(used + XenstoreLimits.HeaderBytes, header.Length));
            used += whole;
        }

        return (used, XenstoreLimits.HeaderBytes);
    }

    /// <summary>Moves the incomplete message to the front of a buffer that can hold it; an idle link keeps little memory.</summary>
    private static byte[] Resize(byte[] buffer, ref int filled, int used, int needed)
    {
        var rest = buffer.AsSpan(used, filled - used);
        var full = filled == buffer.Length;
        filled = rest.Length;
        var wanted = filled == 0 && buffer.Length > IdleReadBytes ? FirstReadBytes
            : full && buffer.Length < IdleReadBytes ? Math.Max(needed, buffer.Length * 2)
            : Math.Max(needed, buffer.Length);
        if (wanted == buffer.Length)
        {
            rest.CopyTo(buffer);
            return buffer;
        }

        var other = ArrayPool<byte>.Shared.Rent(wanted);
        rest.CopyTo(other);
        ArrayPool<byte>.Shared.Return(buffer);
        return other;
    }
}
