namespace Toolstack.Hosting.Switch;

/// <summary>Why a call through the switch failed. A closed set; the numbers from <see cref="NoConsumer"/> on are the switch's
/// error codes on the wire (native switch protocol).</summary>
public enum SwitchErrorKind
{
    /// <summary>No connection to the switch came up before the deadline: nothing was sent.</summary>
    NotConnected = 1,

    /// <summary>The connection broke after the request was sent and the call may not be repeated: it may or may not have run.</summary>
    Disconnected = 2,

    /// <summary>The peer broke the protocol or the two do not speak the same version.</summary>
    Protocol = 3,

    /// <summary>No consumer serves the queue.</summary>
    NoConsumer = 10,

    /// <summary>The deadline passed before a reply came.</summary>
    DeadlineExpired = 11,

    /// <summary>The queue holds as many messages or bytes as it may.</summary>
    QueueFull = 12,

    /// <summary>The payload is larger than the protocol allows.</summary>
    PayloadTooLarge = 13,

    /// <summary>The consumer took the request and failed; the message is its error's text.</summary>
    HandlerFailed = 14,

    /// <summary>The queue was destroyed while the request waited in it.</summary>
    QueueDestroyed = 15,

    /// <summary>The client has as many queues, subscriptions or outstanding requests as it may.</summary>
    TooMany = 16,

    /// <summary>The queue belongs to another client or, a persistent one, to another user of the system.</summary>
    NotOwner = 17,

    /// <summary>The caller cancelled the request before anybody took it, or its consumer ended it for that.</summary>
    Cancelled = 18,

    /// <summary>The message is in its queue, but the switch's state directory cannot be written: it may not outlive the switch.</summary>
    NotKept = 19,
}
