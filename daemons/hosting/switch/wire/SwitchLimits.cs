namespace Toolstack.Hosting.Switch.Wire;

/// <summary>Every limit of the native switch protocol, shared by clients and the switch. Those an operator may want to change are
/// configuration keys of the switch with these defaults.</summary>
public static class SwitchLimits
{
    /// <summary>The only version of the protocol so far.</summary>
    public const int ProtocolVersion = 1;

    /// <summary>The largest payload of a request or a response.</summary>
    public const int MaxPayloadBytes = 16 * 1024 * 1024;

    /// <summary>Payloads up to this travel in the frame; larger ones in sealed memory beside it, if both peers can.</summary>
    public const int MaxInlineBytes = 64 * 1024;

    /// <summary>The largest frame without its length: a payload and its fields, or a list of every queue.</summary>
    public const int MaxFrameBytes = MaxPayloadBytes + 64 * 1024;

    /// <summary>Room made at once for a frame that begins; a longer one gets more as it comes.</summary>
    public const int MaxBegunBytes = 2 * 1024 * 1024;

    /// <summary>The longest name of a queue or client, in UTF-8.</summary>
    public const int MaxNameBytes = 256;

    /// <summary>The longest text of an error, in characters; longer ones are cut.</summary>
    public const int MaxErrorTextLength = 4096;

    /// <summary>The longest deadline of a request; longer ones are shortened to it.</summary>
    public static readonly TimeSpan MaxDeadline = TimeSpan.FromDays(1);

    /// <summary>How long a new connection may take to say or answer hello.</summary>
    public static readonly TimeSpan HelloDeadline = TimeSpan.FromSeconds(5);

    /// <summary>How long a client waits for the result of a command.</summary>
    public static readonly TimeSpan CommandDeadline = TimeSpan.FromSeconds(5);

    /// <summary>The longest wait for an event of the trace.</summary>
    public static readonly TimeSpan MaxTracePatience = TimeSpan.FromHours(1);

    /// <summary>How long a last word (a refusal) may take to reach the peer before the connection is closed anyway.</summary>
    public static readonly TimeSpan LastWordDeadline = TimeSpan.FromSeconds(2);

    /// <summary>Queues of one switch.</summary>
    public const int MaxQueues = 4096;

    /// <summary>Connections of one switch.</summary>
    public const int MaxClients = 1024;

    /// <summary>Commands of one client that the switch cannot answer at once (reports, what is to be stored), under way at a time.</summary>
    public const int MaxSlowCommands = 64;

    /// <summary>Payloads in sealed memory that the switch holds, over all queues: each is an open descriptor.</summary>
    public const int MaxSealedPayloads = 4096;

    /// <summary>Payloads in sealed memory of requests of one client that the switch holds.</summary>
    public const int MaxSealedPayloadsPerClient = 512;

    /// <summary>Subscriptions of one client.</summary>
    public const int MaxSubscriptionsPerClient = 256;

    /// <summary>Unacknowledged deliveries of one subscription.</summary>
    public const int MaxWindow = 1024;

    /// <summary>Messages in one queue, waiting or unacknowledged.</summary>
    public const int MaxQueueMessages = 10_000;

    /// <summary>Payload bytes in one queue, waiting or unacknowledged.</summary>
    public const long MaxQueueBytes = 64L * 1024 * 1024;

    /// <summary>Undelivered requests of one client; then the switch stops reading from it.</summary>
    public const int MaxClientMessages = 4096;

    /// <summary>Payload bytes of undelivered requests of one client; then the switch stops reading from it.</summary>
    public const long MaxClientBytes = 32L * 1024 * 1024;

    /// <summary>Bytes on their way to a peer above which nothing new is delivered to it.</summary>
    public const long CongestedBytes = 1024 * 1024;

    /// <summary>Bytes on their way to a congested peer below which delivery starts again.</summary>
    public const long RelievedBytes = 256 * 1024;

    /// <summary>Bytes on their way to a peer that does not read, above which the connection is given up.</summary>
    public const long MaxOutgoingBytes = 64L * 1024 * 1024;

    /// <summary>Calls of one client that wait for a reply or for a connection.</summary>
    public const int MaxOutstandingCalls = 16_384;
}
