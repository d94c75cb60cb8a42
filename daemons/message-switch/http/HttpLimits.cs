using Toolstack.Hosting.Switch.Wire;

namespace Toolstack.MessageSwitch.Http;

/// <summary>Every limit of the HTTP that the switch speaks.</summary>
internal static class HttpLimits
{
    /// <summary>The longest request line and headers together.</summary>
    internal const int MaxHeadBytes = 16 * 1024;

    /// <summary>The largest body.</summary>
    internal const int MaxBodyBytes = SwitchLimits.MaxPayloadBytes;

    /// <summary>The longest trace context; a longer one is not carried (version 00 has 55 bytes).</summary>
    internal const int MaxTraceParentBytes = 128;

    /// <summary>What an idle connection's buffer holds; a larger one is given back after the request that needed it.</summary>
    internal const int IdleBufferBytes = 4096;

    /// <summary>Requests of one connection that are answered before others on the same thread get their turn.</summary>
    internal const int MaxRequestsInTurn = 32;

    /// <summary>How long a request that began may take to come whole.</summary>
    internal static readonly TimeSpan RequestDeadline = TimeSpan.FromSeconds(30);

    /// <summary>How long a client may take to read a response.</summary>
    internal static readonly TimeSpan ResponseDeadline = TimeSpan.FromSeconds(30);
}
