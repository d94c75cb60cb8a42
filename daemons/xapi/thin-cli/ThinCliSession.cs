using System.Collections.Immutable;
using Toolstack.Cli;
using Toolstack.Idl;
using Toolstack.Xapi.Dispatch;

namespace Toolstack.Xapi.ThinCli;

/// <summary>A session inside the server: calls take the way of every call, without the wire.</summary>
internal sealed class ThinCliSession : ICliSession
{
    private readonly Dispatcher dispatcher;
    private readonly RequestOrigin origin;
    private readonly string session;
    private readonly bool oneHost;

    private ThinCliSession(Dispatcher dispatcher, RequestOrigin origin, string session, bool oneHost)
    {
        this.oneHost = oneHost;
        this.dispatcher = dispatcher;
        this.origin = origin;
        this.session = session;
    }

    /// <summary>A session of the pool, or of this host alone. Raises <see cref="XenApiError"/> when the user may not log in.</summary>
    internal static async Task<ThinCliSession> LoginAsync(Dispatcher dispatcher, RequestOrigin origin, bool oneHost, string user, string password)
    {
        ImmutableArray<Value> account = [new Value.Text(user), new Value.Text(password)];
        var session = oneHost
            ? await CallAsync(dispatcher, origin, "session.slave_local_login_with_password", account).ConfigureAwait(false)
            : await CallAsync(dispatcher, origin, "session.login_with_password", [.. account, new Value.Text("1.0"), new Value.Text("cli")]).ConfigureAwait(false);
        return new ThinCliSession(dispatcher, origin, session.AsString(), oneHost);
    }

    internal Task LogoutAsync() => CallAsync(oneHost ? "session.local_logout" : "session.logout", CancellationToken.None);

    public Task<Value> CallAsync(string method, CancellationToken cancel, params ImmutableArray<Value> arguments) =>
        CallAsync(dispatcher, origin, method, arguments.Insert(0, new Value.Text(session)));

    public string HandlerUrl(string pathAndQuery) => WithSession(pathAndQuery, session);

    internal static string WithSession(string pathAndQuery, string session) =>
        $"{pathAndQuery}{(pathAndQuery.Contains('?', StringComparison.Ordinal) ? '&' : '?')}session_id={Uri.EscapeDataString(session)}";

    private static async Task<Value> CallAsync(Dispatcher dispatcher, RequestOrigin origin, string method, ImmutableArray<Value> arguments)
    {
        DispatchReply reply = await dispatcher.RunAsync(method, arguments, origin).ConfigureAwait(false);
        return reply.Error is { } error ? throw error : ValueBuilder.Build(reply.Result.Write);
    }
}
