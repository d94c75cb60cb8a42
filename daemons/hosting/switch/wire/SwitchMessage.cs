namespace Toolstack.Hosting.Switch.Wire;

/// <summary>What a frame of the native switch protocol says. A connection begins with the client's <see cref="Hello"/> and the switch's
/// <see cref="Welcome"/> or <see cref="Refusal"/>; then both sides send whenever they want.
/// <code>
///   caller                     switch                      consumer
///   CreateQueue (transient) ->        <- CreateQueue (persistent)
///   Subscribe (window 0)    ->        <- Subscribe (window n)
///   Request                 ->        -> RequestDelivery
///                                     <- Response
///   ResponseDelivery        <-        <- Acknowledge
/// </code></summary>
public abstract record SwitchMessage;

/// <summary>Client: the first frame. <paramref name="Features"/> is a bit set of what the client can do beyond version 1.</summary>
public sealed record Hello(int Version, long Features, string ClientName) : SwitchMessage;

/// <summary>Switch: the answer to <see cref="Hello"/>. <paramref name="Incarnation"/> differs for every start of the switch and grows.</summary>
public sealed record Welcome(int Version, long Features, long Incarnation) : SwitchMessage;

/// <summary>Switch: the last frame before it closes the connection.</summary>
public sealed record Refusal(SwitchErrorKind Kind, string Text) : SwitchMessage;

/// <summary>Client: a command the switch answers with a <see cref="CommandResult"/> (or <see cref="QueueList"/>) of the same number.</summary>
public abstract record SwitchCommand(long Sequence) : SwitchMessage;

/// <summary>A queue that stays until destroyed, or one that lives and dies with this connection. No-op when it exists, but a transient queue of
/// another client is refused (NotOwner).</summary>
public sealed record CreateQueue(long Sequence, string Queue, bool Transient) : SwitchCommand(Sequence);

/// <summary>Removes a queue; callers whose requests wait in it are told.</summary>
public sealed record DestroyQueue(long Sequence, string Queue) : SwitchCommand(Sequence);

/// <summary>Asks for the queue's messages. <paramref name="Window"/> is how many may be unacknowledged at a time;
/// 0 means that a delivery needs no acknowledgement.</summary>
public sealed record Subscribe(long Sequence, string Queue, int Window) : SwitchCommand(Sequence)
{
    /// <summary>False: the queue's messages are shared with its other competing consumers, each goes to one of them. True: every message comes
    /// here too, whoever else gets it.</summary>
    public bool Broadcast { get; init; }
}

/// <summary>No further deliveries; those made already can still be acknowledged.</summary>
public sealed record Unsubscribe(long Sequence, string Queue) : SwitchCommand(Sequence);

/// <summary>Asks for the state of every queue whose name starts with <paramref name="Prefix"/>.</summary>
public sealed record ListQueues(long Sequence, string Prefix) : SwitchCommand(Sequence)
{
    /// <summary>Only queues that somebody consumes now.</summary>
    public bool Alive { get; init; }
}

/// <summary>Asks for everything the switch holds: a <see cref="Report"/>, the JSON of the original protocol's diagnostics.</summary>
public sealed record Diagnose(long Sequence) : SwitchCommand(Sequence);

/// <summary>Asks for what happened since event <paramref name="From"/>: a <see cref="Report"/>, the JSON of the original protocol's trace, as soon
/// as there is such an event or with none after <paramref name="TimeoutMs"/>.</summary>
public sealed record FollowTrace(long Sequence, long From, long TimeoutMs) : SwitchCommand(Sequence);

/// <summary>A message without an answer that the switch keeps until a consumer acknowledges it, however late one comes. The queue must exist.
/// Answered by <see cref="Stored"/> when it is kept: with a state directory, when it is on the disk.</summary>
public sealed record Store(long Sequence, string Queue, SwitchPayload Payload) : SwitchCommand(Sequence);

/// <summary>Switch: how a command ended; <paramref name="Error"/> is null when it succeeded.</summary>
public sealed record CommandResult(long Sequence, SwitchErrorKind? Error, string Text) : SwitchMessage;

/// <summary>Switch: the answer to <see cref="ListQueues"/>.</summary>
public sealed record QueueList(long Sequence, IReadOnlyList<QueueStatus> Queues) : SwitchMessage;

/// <summary>Switch: the answer to <see cref="Diagnose"/> and <see cref="FollowTrace"/>: a document.</summary>
public sealed record Report(long Sequence, SwitchPayload Payload) : SwitchMessage;

/// <summary>Switch: the answer to <see cref="Store"/>.</summary>
public sealed record Stored(long Sequence, MessageId Id) : SwitchMessage;

/// <summary>Client: nobody waits for the answer any more. A request that still waits is dropped, and <see cref="SwitchErrorKind.Cancelled"/> comes
/// as its response; who works on it is told (<see cref="Cancelled"/>) and answers as it likes.</summary>
public sealed record Cancel(string Queue, string ReplyTo, long Correlation) : SwitchMessage;

/// <summary>Switch: the caller of a delivered request cancelled it. Only for those who named <see cref="SwitchFeatures.Cancellation"/>.</summary>
public sealed record Cancelled(string Queue, MessageId Id) : SwitchMessage;

/// <summary>Client: a message for a queue. The response, or an error from the switch, comes to <paramref name="ReplyTo"/> with the same
/// <paramref name="Correlation"/>; an empty <paramref name="ReplyTo"/> asks for none. <paramref name="DeadlineMs"/> is what is left.</summary>
public sealed record Request(string Queue, string ReplyTo, long Correlation, long DeadlineMs, SwitchPayload Payload) : SwitchMessage
{
    /// <summary>Where the request belongs in a distributed trace (a W3C traceparent), or empty; the switch only hands it on.</summary>
    public string TraceContext { get; init; } = "";
}

/// <summary>Consumer: the answer to a request. With an <paramref name="Error"/> the payload is its text in UTF-8.</summary>
public sealed record Response(string ReplyTo, long Correlation, SwitchErrorKind? Error, SwitchPayload Payload) : SwitchMessage;

/// <summary>Consumer: the message is done with and will not be delivered again.</summary>
public sealed record Acknowledge(string Queue, MessageId Id) : SwitchMessage;

/// <summary>Consumer: the message could not be served here and is to be delivered to another.</summary>
public sealed record Return(string Queue, MessageId Id) : SwitchMessage;

/// <summary>Switch: a request for a consumer. <paramref name="Redelivered"/> when a consumer that died had it before.</summary>
public sealed record RequestDelivery(
    string Queue, MessageId Id, bool Redelivered, string ReplyTo, long Correlation, long DeadlineMs, SwitchPayload Payload) : SwitchMessage
{
    /// <summary>As its sender gave it, see <see cref="Request.TraceContext"/>.</summary>
    public string TraceContext { get; init; } = "";
}

/// <summary>Switch: a response for a caller.</summary>
public sealed record ResponseDelivery(
    string Queue, MessageId Id, long Correlation, SwitchErrorKind? Error, SwitchPayload Payload) : SwitchMessage;

/// <summary>Switch: the subscription ended because its queue was destroyed.</summary>
public sealed record SubscriptionEnded(string Queue) : SwitchMessage;

/// <summary>The identity of a message. Numbers grow over all queues of a switch and incarnations over its restarts, so an id is never
/// used again and never goes backwards.</summary>
public readonly record struct MessageId(long Incarnation, long Number);

/// <summary>How the bytes of a payload travel.</summary>
public enum PayloadKind
{
    /// <summary>In the frame.</summary>
    Inline = 0,

    /// <summary>In a sealed memfd whose descriptor comes with the first byte of the frame.</summary>
    SealedMemfd = 1,
}

/// <summary>What a peer can do beyond the base of its version; both name theirs in their first frames, and only what both named is used.</summary>
public static class SwitchFeatures
{
    /// <summary>Payloads above <see cref="SwitchLimits.MaxInlineBytes"/> may travel as <see cref="PayloadKind.SealedMemfd"/>.</summary>
    public const long SealedPayloads = 1;

    /// <summary>A consumer wants to hear of it when the caller of a request cancels.</summary>
    public const long Cancellation = 2;

    /// <summary>All of this implementation.</summary>
    public const long All = SealedPayloads | Cancellation;
}

/// <summary>The opaque content of a message: bytes, or a descriptor of sealed memory that holds them.</summary>
public readonly record struct SwitchPayload
{
    private readonly ReadOnlyMemory<byte> inline;

    /// <summary>Bytes in the frame.</summary>
    public SwitchPayload(ReadOnlyMemory<byte> bytes) => inline = bytes;

    /// <summary>Bytes beside the frame.</summary>
    public SwitchPayload(SealedPayload content) => Sealed = content;

    /// <summary>The sealed memory, if that is where the bytes are.</summary>
    public SealedPayload? Sealed { get; }

    /// <summary>A payload for sending: in sealed memory if it is large and there is some. The caller releases it.</summary>
    public static SwitchPayload Of(ReadOnlyMemory<byte> bytes) =>
        bytes.Length > SwitchLimits.MaxInlineBytes && SealedPayload.TryCreate(bytes.Span) is { } content ? new(content) : new(bytes);

    /// <summary>How many bytes.</summary>
    public int Length => Sealed?.Length ?? inline.Length;

    /// <summary>The bytes; sealed memory is read.</summary>
    public ReadOnlyMemory<byte> Bytes => Sealed?.Read() ?? inline;

    /// <summary>Gives the descriptor back, if there is one; the payload is not used any more.</summary>
    public void Release() => Sealed?.Dispose();
}

/// <summary>The state of one queue. <paramref name="Consumers"/> above 0 is what "alive" means.</summary>
public sealed record QueueStatus(string Name, bool Transient, int Consumers, int Waiting, int Unacknowledged, long Bytes);
