using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Cli;

/// <summary>XenAPI as commands use it: an open session, over the wire or inside the server.</summary>
public interface ICliSession
{
    /// <summary>Calls with the session as first argument. Raises <see cref="XenApiError"/>.</summary>
    Task<Value> CallAsync(string method, CancellationToken cancel, params ImmutableArray<Value> arguments);

    /// <summary>The address, on the same server, of an HTTP handler that takes this session.</summary>
    string HandlerUrl(string pathAndQuery);
}
