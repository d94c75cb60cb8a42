using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using Toolstack.Interop.Linux;

namespace Toolstack.Hosting.Switch.Wire;

/// <summary>One connection of the native switch protocol, on either side: a loop that receives frames and hands them on one by one,
/// and a loop that sends what <see cref="Send"/> queued. Both only move bytes; how it ended is classified in one place, and the first
/// reason given wins. An idle connection holds no buffer.</summary>
public sealed class SwitchLink : IDisposable
{
    private static readonly PipeOptions Unbounded = new(pauseWriterThreshold: 0, resumeWriterThreshold: 0, minimumSegmentSize: 16 * 1024,
        useSynchronizationContext: false);

    private readonly Socket socket;
    private readonly Pipe outgoing = new(Unbounded);
    private readonly Pipe incoming = new(Unbounded);
    private readonly ArrayBufferWriter<byte> scratch = new(512);
    private ArrayBufferWriter<byte> frame = new(512);
    private int frameSent;
    private readonly CancellationTokenSource closing = new();
    private readonly Lock sendGate = new();
    private readonly Action relieved;
    private readonly List<SafeFileHandle> descriptors = [];
    private readonly Queue<(long Position, SafeFileHandle Handle)> attached = new();
    private readonly byte[] peek = new byte[1];
    private LinkEnd? end;
    private long written;
    private long pending;
    private bool congested;
    private bool sendingEnded;

    /// <summary>Takes over <paramref name="socket"/>. <paramref name="relieved"/> is called, from the sending loop, when a congested
    /// connection can take more.</summary>
    public SwitchLink(Socket socket, Action relieved)
    {
        this.socket = socket;
        this.relieved = relieved;
    }

    /// <summary>True while more than <see cref="SwitchLimits.CongestedBytes"/> wait to be sent (until few enough are left).</summary>
    public bool Congested => Volatile.Read(ref congested);

    /// <summary>Whether the peer takes descriptors of sealed payloads; otherwise they are read and sent inline.</summary>
    public bool SealedAllowed { get; set; }

    /// <summary>Cancelled when the connection ends.</summary>
    public CancellationToken Ending => closing.Token;

    /// <summary>Moves frames until the connection ends and says why; never raises. <paramref name="received"/> is awaited before the next
    /// frame is looked at: a handler that waits stops the peer.</summary>
    public async Task<LinkEnd> RunAsync(Func<SwitchMessage, ValueTask> received, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(received);
        using var stop = cancel.UnsafeRegister(static link => ((SwitchLink)link!).Close(new(LinkEndReason.Stopped, "stopping")), this);
        var sending = SendLoopAsync();
        await ReceiveLoopAsync(received).ConfigureAwait(false);
        await sending.ConfigureAwait(false);
        return end ?? new LinkEnd(LinkEndReason.PeerClosed, "closed");
    }

    /// <summary>Queues a frame; may be called by any thread, does not block, and does nothing once the connection ended.
    /// A peer that lets <see cref="SwitchLimits.MaxOutgoingBytes"/> pile up is given up.</summary>
    public void Send(SwitchMessage message)
    {
        lock (sendGate)
        {
            if (sendingEnded)
            {
                return;
            }

            // Usually nothing waits to be sent: then the frame goes out here and now, without waking the loop.
            var direct = Volatile.Read(ref pending) == 0 && !(SealedAllowed && SealedContent(message) is not null);
            if (direct && SendNow(message))
            {
                return;
            }

            var size = direct ? Rest() : SwitchCodec.WriteFrame(outgoing.Writer, scratch, message, SealedAllowed);
            Attach(message);
            written += size;
            var waiting = Interlocked.Add(ref pending, size);
            if (waiting > SwitchLimits.CongestedBytes)
            {
                Volatile.Write(ref congested, true);
            }

            if (waiting > SwitchLimits.MaxOutgoingBytes)
            {
                Close(new(LinkEndReason.NotReading, $"more than {SwitchLimits.MaxOutgoingBytes} bytes unread (MaxOutgoingBytes)"));
                return;
            }

            // Completes at once: the pipe has no threshold, its bound is the check above.
            var flushed = outgoing.Writer.FlushAsync(CancellationToken.None);
            if (flushed.IsCompleted)
            {
                flushed.GetAwaiter().GetResult();
            }
        }
    }

    // Under the gate: true when the frame is gone, or nothing can go any more; otherwise its rest stays in the frame buffer.
    private bool SendNow(SwitchMessage message)
    {
        frame.ResetWrittenCount();
        frameSent = 0;
        SwitchCodec.WriteFrame(frame, scratch, message, SealedAllowed);
        try
        {
            frameSent = UnixRights.TrySend(socket, frame.WrittenSpan);
            return frameSent == frame.WrittenCount;
        }
        catch (Exception error) when (error is HypervisorError or ObjectDisposedException)
        {
            Close(Classify(error));
            return true;
        }
    }

    // Under the gate: what the socket did not take is left to the loop.
    private int Rest()
    {
        var rest = frame.WrittenSpan[frameSent..];
        outgoing.Writer.Write(rest);
        var size = rest.Length;
        if (frame.Capacity > SwitchLimits.MaxInlineBytes)
        {
            frame = new ArrayBufferWriter<byte>(512);
        }

        return size;
    }

    /// <summary>Ends the connection; the first reason given is kept.</summary>
    public void Close(LinkEnd why)
    {
        if (Interlocked.CompareExchange(ref end, why, null) is null)
        {
            closing.Cancel();
        }
    }

    /// <summary>Sends a last frame, then ends the connection, within <see cref="SwitchLimits.LastWordDeadline"/> whatever the peer does.</summary>
    public void CloseAfter(SwitchMessage lastWord, LinkEnd why)
    {
        Send(lastWord);
        lock (sendGate)
        {
            sendingEnded = true;
            if (Interlocked.CompareExchange(ref end, why, null) is null)
            {
                outgoing.Writer.Complete();
                closing.CancelAfter(SwitchLimits.LastWordDeadline);
            }
        }
    }

    public void Dispose()
    {
        socket.Dispose();
        closing.Dispose();
    }

    private async Task ReceiveLoopAsync(Func<SwitchMessage, ValueTask> received)
    {
        try
        {
            await ReceiveAsync(received).ConfigureAwait(false);
            Close(new(LinkEndReason.PeerClosed, "closed by the peer"));
        }
        catch (Exception error) // the loop that owns receiving: classified, and the classification reported by RunAsync
        {
            Close(Classify(error));
        }
        finally
        {
            await incoming.Writer.CompleteAsync().ConfigureAwait(false);
            await incoming.Reader.CompleteAsync().ConfigureAwait(false);
            descriptors.ForEach(static unused => unused.Dispose());
        }
    }

    private async Task ReceiveAsync(Func<SwitchMessage, ValueTask> received)
    {
        var cancel = closing.Token;
        var missing = 0;
        while (true)
        {
            // Looks before it takes a buffer, so that an idle connection costs none and the receive below never waits.
            if (await socket.ReceiveAsync(peek, SocketFlags.Peek, cancel).ConfigureAwait(false) == 0)
            {
                return;
            }

            var memory = incoming.Writer.GetMemory(Math.Clamp(missing, 1, 64 * 1024));
            incoming.Writer.Advance(UnixRights.Receive(socket, memory.Span, descriptors));
            await incoming.Writer.FlushAsync(cancel).ConfigureAwait(false);
            incoming.Reader.TryRead(out var result);
            var buffer = result.Buffer;
            while (end is null && SwitchCodec.TryReadFrame(ref buffer, descriptors, out var message, out missing))
            {
                await received(message!).ConfigureAwait(false);
            }

            if (end is not null)
            {
                return;
            }

            if (descriptors.Count > 1)
            {
                throw new SwitchException(SwitchErrorKind.Protocol, "descriptors that belong to no frame");
            }

            missing = buffer.IsEmpty ? 0 : missing;
            incoming.Reader.AdvanceTo(buffer.Start, buffer.End);
        }
    }

    private async Task SendLoopAsync()
    {
        try
        {
            await SendAsync().ConfigureAwait(false);
            Close(new(LinkEndReason.Stopped, "done"));
            await closing.CancelAsync().ConfigureAwait(false);
        }
        catch (Exception error) // the loop that owns sending: classified, and the classification reported by RunAsync
        {
            Close(Classify(error));
        }
        finally
        {
            lock (sendGate)
            {
                sendingEnded = true;
                outgoing.Writer.Complete();
                while (attached.TryDequeue(out var unsent))
                {
                    unsent.Handle.DangerousRelease();
                }
            }

            await outgoing.Reader.CompleteAsync().ConfigureAwait(false);
        }
    }

    private async Task SendAsync()
    {
        var cancel = closing.Token;
        var sent = 0L;
        while (true)
        {
            var result = await outgoing.Reader.ReadAsync(cancel).ConfigureAwait(false);
            foreach (var segment in result.Buffer)
            {
                await SendSegmentAsync(segment, sent, cancel).ConfigureAwait(false);
                sent += segment.Length;
                var waiting = Interlocked.Add(ref pending, -segment.Length);
                if (waiting < SwitchLimits.RelievedBytes && Volatile.Read(ref congested))
                {
                    Volatile.Write(ref congested, false);
                    relieved();
                }
            }

            outgoing.Reader.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
            {
                return;
            }
        }
    }

    /// <summary>Sends bytes that begin at <paramref name="position"/> of the stream; a frame with a descriptor gets it on its first byte.</summary>
    private async ValueTask SendSegmentAsync(ReadOnlyMemory<byte> rest, long position, CancellationToken cancel)
    {
        while (!rest.IsEmpty)
        {
            (long Position, SafeFileHandle Handle) next;
            lock (sendGate)
            {
                attached.TryPeek(out next);
            }

            int count;
            if (next.Handle is not null && next.Position == position)
            {
                UnixRights.Send(socket, rest.Span[..1], new SafeHandle[] { next.Handle });
                lock (sendGate)
                {
                    attached.Dequeue().Handle.DangerousRelease();
                }

                count = 1;
            }
            else
            {
                var plain = next.Handle is null ? rest : rest[..(int)Math.Min(rest.Length, next.Position - position)];
                count = await socket.SendAsync(plain, SocketFlags.None, cancel).ConfigureAwait(false);
            }

            rest = rest[count..];
            position += count;
        }
    }

    // Under the gate: remembers that the frame being written carries a descriptor, and keeps it open until it is sent.
    private void Attach(SwitchMessage message)
    {
        if (SealedAllowed && SealedContent(message) is { } content)
        {
            var added = false;
            content.Handle.DangerousAddRef(ref added);
            attached.Enqueue((written, content.Handle));
        }
    }

    private static SealedPayload? SealedContent(SwitchMessage message) => message switch
    {
        Request m => m.Payload.Sealed,
        Response m => m.Payload.Sealed,
        RequestDelivery m => m.Payload.Sealed,
        ResponseDelivery m => m.Payload.Sealed,
        _ => null,
    };

    private static LinkEnd Classify(Exception error) => error switch
    {
        SwitchException broken => new(LinkEndReason.Garbage, broken.Message, broken),
        SocketException { SocketErrorCode: SocketError.ConnectionReset or SocketError.Shutdown or SocketError.ConnectionAborted } reset =>
            new(LinkEndReason.PeerReset, reset.Message, reset),
        HypervisorError reset when reset.Errno == LibC.ECONNRESET || reset.Errno == LibC.EPIPE => new(LinkEndReason.PeerReset, reset.Message, reset),
        HypervisorError stuck when stuck.Errno == LibC.ETIMEDOUT => new(LinkEndReason.NotReading, stuck.Message, stuck),
        HypervisorError many when many.Errno == LibC.EMSGSIZE => new(LinkEndReason.Garbage, many.Message, many),
        OperationCanceledException => new(LinkEndReason.Stopped, "stopping"),
        _ => new(LinkEndReason.Failed, error.Message, error),
    };
}
