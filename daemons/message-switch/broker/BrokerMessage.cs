using Toolstack.Hosting.Switch;
using Toolstack.Hosting.Switch.Wire;

namespace Toolstack.MessageSwitch;

/// <summary>A message in a queue: waiting (linked in the queue's line, and in <see cref="DueHeap"/> if something ends its waiting) or
/// unacknowledged (held by one subscription).</summary>
internal abstract class BrokerMessage
{
    protected BrokerMessage(long number, BrokerQueue queue, SwitchPayload payload, string origin)
    {
        Number = number;
        Queue = queue;
        Payload = payload;
        Origin = origin;
        Node = new LinkedListNode<BrokerMessage>(this);
    }

    internal long Number { get; }

    internal BrokerQueue Queue { get; }

    internal SwitchPayload Payload { get; }

    /// <summary>The name of the client that sent it.</summary>
    internal string Origin { get; }

    /// <summary>When it came, in nanoseconds of the machine's monotone clock.</summary>
    internal long Arrived { get; } = Nanoseconds.Now;

    /// <summary>True when the journal knows it.</summary>
    internal bool Kept { get; set; }

    /// <summary>True until its way through the queue's line is over: taken by a competing consumer and acknowledged, or dropped.</summary>
    internal bool InTurn { get; set; } = true;

    /// <summary>Broadcast consumers that still have it, delivered or not.</summary>
    internal int Copies { get; set; }

    /// <summary>True when its payload was given back: it went with its queue.</summary>
    internal bool Forgotten { get; set; }

    /// <summary>True once a consumer acknowledged it: it is not delivered again for lack of another's acknowledgement.</summary>
    internal bool Served { get; set; }

    /// <summary>Its place in the line of waiting messages, or among those shown.</summary>
    internal LinkedListNode<BrokerMessage> Node { get; }

    /// <summary>When waiting ends, in milliseconds of the broker's clock.</summary>
    internal long Due { get; set; }

    /// <summary>Its place in the heap, -1 when it is not there.</summary>
    internal int HeapIndex { get; set; } = -1;
}

/// <summary>A request. <paramref name="replyTo"/> is null when no reply is wanted, and for a <paramref name="stored"/> request, whose reply
/// queue is only a name: it may come (back) later.</summary>
internal sealed class BrokerRequest(
    long number, BrokerQueue queue, SwitchPayload payload, BrokerClient sender, BrokerQueue? replyTo, long correlation, long deadline)
    : BrokerMessage(number, queue, payload, sender.Name)
{
    internal BrokerClient Sender { get; } = sender;

    internal BrokerQueue? ReplyTo { get; } = replyTo;

    /// <summary>Where the reply goes; empty when none is wanted.</summary>
    internal string ReplyName { get; init; } = replyTo?.Name ?? "";

    /// <summary>True when its sender was told that it is kept: it then waits for a consumer however late that comes.</summary>
    internal bool Stored { get; init; }

    /// <summary>Opaque here.</summary>
    internal string TraceContext { get; init; } = "";

    internal long Correlation { get; } = correlation;

    /// <summary>In milliseconds of the broker's clock.</summary>
    internal long Deadline { get; } = deadline;

    /// <summary>When it fails for lack of a consumer, if there still is none then.</summary>
    internal long GraceEnds { get; set; }

    internal bool Redelivered { get; set; }

    /// <summary>True when nobody can receive the reply any more: then it need not run either.</summary>
    internal bool Abandoned => ReplyTo is { Destroyed: true };
}

/// <summary>A response, or the switch's own word that a request failed.</summary>
internal sealed class BrokerResponse(
    long number, BrokerQueue queue, SwitchPayload payload, string origin, RequestKey request, long correlation, SwitchErrorKind? error)
    : BrokerMessage(number, queue, payload, origin)
{
    /// <summary>What it answers, as callers of the original protocol know it; the queue is empty when that is not known.</summary>
    internal RequestKey Request { get; } = request;

    internal long Correlation { get; } = correlation;

    internal SwitchErrorKind? Error { get; } = error;
}

/// <summary>A request as the original protocol names it: its queue and its number there; with the time it came, if known (else 0).</summary>
internal readonly record struct RequestKey(string Queue, long Number, long Arrived = 0);
