using System.Net.Sockets;
using Tmds.Linux;
using Toolstack.Interop.Linux;

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
public sealed record LinkEnd(LinkEndReason Reason, string Detail, Exception? Cause = null)
{
    /// <summary>What an exception that ended a connection means.</summary>
    internal static LinkEnd Of(Exception error) => error switch
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
