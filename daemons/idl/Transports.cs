using System.Collections.Immutable;

namespace Toolstack.Idl;

/// <summary>Carries XenAPI calls to a server, usually another host; the generated clients are written against it.</summary>
public interface IXenApiTransport
{
    /// <summary>Calls <paramref name="method"/> with all its arguments (the session first where the message has one) and returns the result.</summary>
    /// <exception cref="XenApiError">What the server answered, or CANNOT_CONTACT_HOST when it did not.</exception>
    Task<Value> CallAsync(string method, ImmutableArray<Value> arguments, CancellationToken cancellation);
}

/// <summary>Carries the requests of a queue interface to the daemon that serves its queue.</summary>
public interface IQueueTransport
{
    /// <summary>Sends a request and returns its reply. A request that is <paramref name="retrySafe"/> may be sent again when a connection breaks.</summary>
    ValueTask<ReadOnlyMemory<byte>> CallAsync(ReadOnlyMemory<byte> request, bool retrySafe, CancellationToken cancellation);
}
