using System.Collections.Immutable;
using Toolstack.Cli;
using Toolstack.Idl;
using Toolstack.Xapi.Http;
using Toolstack.Xapi.Pool;

namespace Toolstack.Xapi.ThinCli;

/// <summary>The session of a command that root typed on a member: the calls are made at the coordinator, in the pool's own session.</summary>
internal sealed class CoordinatorSession(XenApiClient client, HostIdentity identity, string session) : ICliSession
{
    /// <summary>Raises CANNOT_CONTACT_HOST when the coordinator does not answer.</summary>
    internal static async Task<CoordinatorSession> OpenAsync(XenApiClient client, HostIdentity identity, CancellationToken cancel) =>
        new(client, identity, await client.PoolLoginAsync(identity.CoordinatorAddress, cancel).ConfigureAwait(false));

    public Task<Value> CallAsync(string method, CancellationToken cancel, params ImmutableArray<Value> arguments) =>
        client.CallAsync(identity.CoordinatorAddress, method, arguments, null, HttpLimits.PassOnDeadline, cancel);

    public string HandlerUrl(string pathAndQuery) =>
        $"http://{identity.CoordinatorAddress}:{identity.HttpPort}{ThinCliSession.WithSession(pathAndQuery, session)}";
}
