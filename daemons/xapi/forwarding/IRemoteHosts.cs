using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Http;
using Toolstack.Xapi.Pool;

namespace Toolstack.Xapi.Forwarding;

/// <summary>Calls messages on the other hosts of the pool.</summary>
internal interface IRemoteHosts
{
    /// <summary>Raises what the message raises there, CANNOT_CONTACT_HOST [host] (<see cref="XenApiError.NeverSent"/> when that is certain). Cancelling abandons the answer only.</summary>
    Task<Value> CallAsync(Ref<host> host, string method, ImmutableArray<Value> arguments, Ref<task>? underTask, CancellationToken cancel);

    /// <summary>Calls a message on the coordinator as any other host of the pool would, so that it is locked and forwarded by its policy.</summary>
    Task<Value> CallCoordinatorAsync(string method, ImmutableArray<Value> arguments, CancellationToken cancel);
}

/// <summary>The real thing, over XenAPI.</summary>
internal sealed class RemoteHosts(XenApiClient client, XapiDatabase database, HostIdentity identity, TimeSpan deadline) : IRemoteHosts
{
    public Task<Value> CallAsync(Ref<host> host, string method, ImmutableArray<Value> arguments, Ref<task>? underTask, CancellationToken cancel) =>
        client.CallHostAsync(database, host, method, arguments, underTask, deadline, cancel);

    public Task<Value> CallCoordinatorAsync(string method, ImmutableArray<Value> arguments, CancellationToken cancel) =>
        client.CallAsync(identity.CoordinatorAddress, method, arguments, null, deadline, cancel);
}
