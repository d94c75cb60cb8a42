using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Pool;

namespace Toolstack.Xapi.Http;

/// <summary>
/// Calls another xapi of the pool over its XenAPI (XML-RPC over HTTP, connections kept alive), with a pool session that is kept per
/// host and renewed when the other host no longer knows it.
/// </summary>
public sealed class XenApiClient(HostIdentity identity)
{
    /// <summary>Calls a message with a pool session put before <paramref name="arguments"/>. <paramref name="underTask"/>: the other host
    /// runs it under this task and leaves completing it to us. Cancelling abandons the call, it does not stop it on the other host.
    /// Raises what the message raises; CANNOT_CONTACT_HOST [address] when no answer came before the deadline.</summary>
    public Task<Value> CallAsync(string hostAddress, string method, ImmutableArray<Value> arguments, Ref<task>? underTask, TimeSpan deadline,
        CancellationToken cancel) => throw NotYet();

    /// <summary>The same for a host by reference: its address is read from its row, and CANNOT_CONTACT_HOST carries the reference.</summary>
    public Task<Value> CallHostAsync(XapiDatabase database, Ref<host> host, string method, ImmutableArray<Value> arguments, Ref<task>? underTask,
        TimeSpan deadline, CancellationToken cancel) => throw NotYet();

    /// <summary>Calls a message as it is, without a session of ours.</summary>
    public Task<Value> CallPlainAsync(string hostAddress, string method, ImmutableArray<Value> arguments, TimeSpan deadline, CancellationToken cancel) =>
        throw NotYet();

    /// <summary>A pool session on that host, from the cache if there is one.</summary>
    public Task<string> PoolLoginAsync(string hostAddress, CancellationToken cancel) => throw NotYet();

    /// <summary>Posts bytes to a path of another host with the pool secret as cookie; returns the body of the answer (the database rooms use it).
    /// Raises CANNOT_CONTACT_HOST [address].</summary>
    public Task<byte[]> PostAsync(string hostAddress, string path, ReadOnlyMemory<byte> body, string contentType, TimeSpan deadline, CancellationToken cancel) =>
        throw NotYet();

    private XenApiError NotYet() => new("NOT_IMPLEMENTED", identity.Uuid);
}
