using System.Buffers;
using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;
using Toolstack.Interop.Linux;

namespace Toolstack.Hosting.Switch.Wire;

/// <summary>One connection of the native switch protocol, on either side. Frames are received by the thread of <see cref="LinkReactor"/>, a bounded
/// number of bytes at a time, and handed on where they arrive; they are sent by whoever has one, at once if the socket takes it. How it ended
/// is classified in one place, and the first reason given wins. An idle connection holds no buffer.</summary>
public sealed class SwitchLink : IDisposable, IReadinessTarget
{
    // Shared by all connections of the process: only the reactor's thread receives.
    private static readonly byte[] Arrivals = new byte[16 * 1024];

    private readonly Socket socket;
    private readonly Action relieved;
    private readonly ArrayBufferWriter<byte> scratch = new(512);
    private ArrayBufferWriter<byte> frame = new(512);
    private readonly SendBuffer waiting = new();
    private readonly CancellationTokenSource closing = new();
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock sendGate = new();
    private readonly List<SafeFileHandle> descriptors = [];
    private Action<SwitchMessage> received = static _ => { };
    private byte[] begun = [];
    private int have;
    private LinkEnd? end;
    private long key;
    private bool watched;
    private bool over;
    private bool paused;
    private bool held;
    private bool congested;
    private bool sendingEnded;

    /// <summary>Takes over <paramref name="socket"/>. <paramref name="relieved"/> is called, by the reactor's thread, when a congested
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

    /// <summary>Moves frames until the connection ends and says why; never raises. <paramref name="received"/> is called by the reactor's thread
    /// for one frame after the other and must not wait; what it raises ends the connection.</summary>
    public async Task<LinkEnd> RunAsync(Action<SwitchMessage> received, CancellationToken cancel)
    {
        this.received = received;
        using var stop = cancel.UnsafeRegister(static link => ((SwitchLink)link!).Close(new(LinkEndReason.Stopped, "stopping")), this);
        try
        {
            Watch();
        }
        catch (Exception error) when (error is HypervisorError or ObjectDisposedException)
        {
            Close(LinkEnd.Of(error));
            End();
        }

        await ended.Task.ConfigureAwait(false);
        return end ?? new LinkEnd(LinkEndReason.PeerClosed, "closed");
    }

    /// <summary>Queues a frame; may be called by any thread, does not block, and does nothing once the connection ended.
    /// A peer that lets <see cref="SwitchLimits.MaxOutgoingBytes"/> pile up is given up.</summary>
    public void Send(SwitchMessage message) => Send(message, null);

    /// <summary>As <see cref="Send(SwitchMessage)"/>, with another frame right behind: the peer wakes up once for both. The second one carries no payload.</summary>
    public void Send(SwitchMessage message, SwitchMessage? following)
    {
        lock (sendGate)
        {
            if (!sendingEnded)
            {
                Write(message, following, SealedAllowed ? SealedContent(message) : null);
            }
        }
    }

    /// <summary>Whether frames are received; while they are not, the peer's socket fills and its sender waits.</summary>
    public void Pause(bool pause)
    {
        lock (sendGate)
        {
            paused = pause;
            Rewatch();
        }
    }

    /// <summary>Ends the connection; the first reason given is kept.</summary>
    public void Close(LinkEnd why)
    {
        if (Interlocked.CompareExchange(ref end, why, null) is null)
        {
            ShutDown();
        }
    }

    /// <summary>Sends a last frame, then ends the connection, within <see cref="SwitchLimits.LastWordDeadline"/> whatever the peer does.</summary>
    public void CloseAfter(SwitchMessage lastWord, LinkEnd why)
    {
        Send(lastWord);
        lock (sendGate)
        {
            sendingEnded = true;
            if (Interlocked.CompareExchange(ref end, why, null) is null && waiting.Length > 0)
            {
                closing.Token.UnsafeRegister(static link => ((SwitchLink)link!).ShutDown(), this);
                closing.CancelAfter(SwitchLimits.LastWordDeadline);
                return;
            }
        }

        ShutDown();
    }

    public void Dispose()
    {
        Close(new(LinkEndReason.Stopped, "disposed"));
        if (!watched)
        {
            End();
        }

        // A socket that is still watched stays open until the reactor has seen its end.
        socket.Dispose();
        closing.Dispose();
    }

    void IReadinessTarget.Ready(Readiness ready)
    {
        try
        {
            if ((ready & Readiness.Write) != 0)
            {
                SendWaiting();
            }

            var goesOn = held && !paused ? HandOn(new ReadOnlySequence<byte>(begun, 0, have))
                : (ready & ~Readiness.Write) == 0 || Receive();
            if (!goesOn)
            {
                Close(new(LinkEndReason.PeerClosed, "closed by the peer"));
                End();
            }
        }
        catch (Exception error) // the loop that owns the connection: classified, and the classification reported by RunAsync
        {
            Close(LinkEnd.Of(error));
            End();
        }
    }

    /// <summary>One turn of receiving: what one system call gives. False at the end of the stream, or when nothing more is wanted.</summary>
    private bool Receive()
    {
        if (end is not null)
        {
            // Either shut down, or waiting for its last word to go out: whatever still comes is of no interest.
            return waiting.Length > 0 && UnixRights.TryReceive(socket, Arrivals, descriptors) is not 0;
        }

        if (paused)
        {
            // Only its end is noticed meanwhile.
            return false;
        }

        var into = have == 0 ? Arrivals : begun.AsSpan(have);
        return UnixRights.TryReceive(socket, into, descriptors) switch
        {
            null => true,
            0 => false,
            { } count => HandOn(new ReadOnlySequence<byte>(have == 0 ? Arrivals : begun, 0, have + count)),
        };
    }

    /// <summary>Hands on the frames that are there whole, until one of them pauses the connection. False when the connection ends.</summary>
    private bool HandOn(ReadOnlySequence<byte> buffer)
    {
        var missing = 0;
        while (end is null && !paused && SwitchCodec.TryReadFrame(ref buffer, descriptors, out var message, out missing))
        {
            received(message!);
        }

        if (descriptors.Count > 1 && missing > 0)
        {
            throw new SwitchException(SwitchErrorKind.Protocol, "descriptors that belong to no frame");
        }

        Keep(buffer.FirstSpan, missing);
        if (held || missing == 0)
        {
            lock (sendGate)
            {
                held = missing == 0 && have > 0;
                Rewatch();
            }
        }

        return end is null || waiting.Length > 0;
    }

    /// <summary>Keeps the beginning of a frame. The room for a large one grows with what comes, not with what its length promises.</summary>
    private void Keep(ReadOnlySpan<byte> rest, int missing)
    {
        if (rest.IsEmpty)
        {
            (begun, have) = ([], 0);
            return;
        }

        var needed = Math.Min(rest.Length + Math.Max(missing, 1), Math.Max(SwitchLimits.MaxBegunBytes, rest.Length * 2));
        var room = begun.Length >= needed ? begun : GC.AllocateUninitializedArray<byte>(needed);
        rest.CopyTo(room);
        (begun, have) = (room, rest.Length);
    }

    // Under the gate.
    private void Write(SwitchMessage message, SwitchMessage? following, SealedPayload? content)
    {
        frame.ResetWrittenCount();
        SwitchCodec.WriteFrame(frame, scratch, message, SealedAllowed);
        if (following is not null)
        {
            SwitchCodec.WriteFrame(frame, scratch, following, SealedAllowed);
        }

        var bytes = frame.WrittenSpan;
        var handle = content?.Handle;
        try
        {
            // Usually nothing waits to be sent: then the frame goes out here and now.
            var sent = waiting.Length == 0 ? UnixRights.TrySend(socket, bytes, handle) : 0;
            if (sent < bytes.Length)
            {
                waiting.Add(bytes[sent..], sent == 0 ? handle : null);
                Rewatch();
            }
        }
        catch (Exception error) when (error is HypervisorError or ObjectDisposedException)
        {
            Close(LinkEnd.Of(error));
        }

        if (frame.Capacity > Arrivals.Length)
        {
            frame = new(512);
        }

        if (waiting.Length > SwitchLimits.CongestedBytes)
        {
            Volatile.Write(ref congested, true);
        }

        if (waiting.Length > SwitchLimits.MaxOutgoingBytes)
        {
            Close(new(LinkEndReason.NotReading, $"more than {SwitchLimits.MaxOutgoingBytes} bytes unread (MaxOutgoingBytes)"));
        }
    }

    private void SendWaiting()
    {
        var relief = false;
        lock (sendGate)
        {
            for (var sent = 1; sent > 0 && waiting.Length > 0;)
            {
                var next = waiting.Next(out var descriptor);
                sent = UnixRights.TrySend(socket, next, descriptor);
                waiting.Sent(sent);
            }

            Rewatch();
            if (congested && waiting.Length < SwitchLimits.RelievedBytes)
            {
                Volatile.Write(ref congested, false);
                relief = true;
            }

            if (waiting.Length == 0 && sendingEnded)
            {
                ShutDown();
            }
        }

        if (relief)
        {
            relieved();
        }
    }

    private void Watch()
    {
        lock (sendGate)
        {
            if (over)
            {
                return;
            }

            // Held open until it is not watched any more, so that its number does not become another socket's.
            var added = false;
            socket.SafeHandle.DangerousAddRef(ref added);
            watched = true;
            key = LinkReactor.Add(socket.SafeHandle, this, Wanted);
        }
    }

    // Under the gate.
    private void Rewatch()
    {
        if (watched && !over)
        {
            LinkReactor.Change(socket.SafeHandle, key, Wanted);
        }
    }

    // What is held is handed on by the reactor, which is woken up by asking for room to send, of which there is some.
    private Readiness Wanted => (paused || held ? Readiness.None : Readiness.Read)
        | (waiting.Length > 0 || (held && !paused) ? Readiness.Write : Readiness.None);

    /// <summary>Makes the reactor notice the end.</summary>
    private void ShutDown()
    {
        try
        {
            socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // It is already.
        }
    }

    /// <summary>Nothing is received or sent any more. By the reactor's thread, or when it never watched.</summary>
    private void End()
    {
        lock (sendGate)
        {
            if (over)
            {
                return;
            }

            over = true;
            sendingEnded = true;
            waiting.Clear();
            if (watched)
            {
                LinkReactor.Remove(socket.SafeHandle, key);
                socket.SafeHandle.DangerousRelease();
            }
        }

        descriptors.ForEach(static unused => unused.Dispose());
        descriptors.Clear();
        (begun, have) = ([], 0);
        ended.TrySetResult();
    }

    private static SealedPayload? SealedContent(SwitchMessage message) => message switch
    {
        Request m => m.Payload.Sealed,
        Response m => m.Payload.Sealed,
        RequestDelivery m => m.Payload.Sealed,
        ResponseDelivery m => m.Payload.Sealed,
        Store m => m.Payload.Sealed,
        Report m => m.Payload.Sealed,
        _ => null,
    };
}
