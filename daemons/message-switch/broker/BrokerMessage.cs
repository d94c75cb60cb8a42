using Toolstack.Hosting.Switch;
using Toolstack.Hosting.Switch.Wire;

namespace Toolstack.MessageSwitch;

/// <summary>A message in a queue: waiting (linked in the queue's line, and in <see cref="DueHeap"/> if something ends its waiting) or
/// unacknowledged (held by one subscription).</summary>
internal abstract class BrokerMessage
{
    protected BrokerMessage(long number, BrokerQueue queue, SwitchPayload payload)
    {
        Number = number;
        Queue = queue;
        Payload = payload;
        Node = new LinkedListNode<BrokerMessage>(this);
    }

    internal long Number { get; }

    internal BrokerQueue Queue { get; }

    internal SwitchPayload Payload { get; }

    /// <summary>Its place in the line of waiting messages.</summary>
    internal LinkedListNode<BrokerMessage> Node { get; }

    /// <summary>When waiting ends, in milliseconds of the broker's clock.</summary>
    internal long Due { get; set; }

    /// <summary>Its place in the heap, -1 when it is not there.</summary>
    internal int HeapIndex { get; set; } = -1;
}

/// <summary>A request. <paramref name="replyTo"/> is null when no reply is wanted.</summary>
internal sealed class BrokerRequest(
    long number, BrokerQueue queue, SwitchPayload payload, BrokerClient sender, BrokerQueue? replyTo, long correlation, long deadline)
    : BrokerMessage(number, queue, payload)
{
    internal BrokerClient Sender { get; } = sender;

    internal BrokerQueue? ReplyTo { get; } = replyTo;

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
internal sealed class BrokerResponse(long number, BrokerQueue queue, SwitchPayload payload, long correlation, SwitchErrorKind? error)
    : BrokerMessage(number, queue, payload)
{
    internal long Correlation { get; } = correlation;

    internal SwitchErrorKind? Error { get; } = error;
}
