namespace Toolstack.Hosting.Switch.Wire;

/// <summary>Why a connection ended.</summary>
public enum LinkEndReason
{
    /// <summary>The peer closed it.</summary>
    PeerClosed,

    /// <summary>The peer vanished (reset, broken pipe).</summary>
    PeerReset,

    /// <summary>The peer sent what is not this protocol.</summary>
    Garbage,

    /// <summary>The peer does not read what is sent to it.</summary>
    NotReading,

    /// <summary>The peer did not say hello in time, or was refused.</summary>
    Refused,

    /// <summary>This side stops.</summary>
    Stopped,

    /// <summary>This side failed.</summary>
    Failed,
}

/// <summary>Why a connection ended, with the cause where there is one.</summary>
public sealed record LinkEnd(LinkEndReason Reason, string Detail, Exception? Cause = null);
