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

    private ThinCliSession(Dispatcher dispatcher, RequestOrigin origin, string session)
    {
        this.dispatcher = dispatcher;
        this.origin = origin;
        this.session = session;
    }

    /// <summary>Raises <see cref="XenApiError"/> when the user may not log in.</summary>
    internal static async Task<ThinCliSession> LoginAsync(Dispatcher dispatcher, RequestOrigin origin, string user, string password)
    {
        var session = await CallAsync(dispatcher, origin, "session.login_with_password",
            [new Value.Text(user), new Value.Text(password), new Value.Text("1.0"), new Value.Text("cli")]).ConfigureAwait(false);
        return new ThinCliSession(dispatcher, origin, session.AsString());
    }

    internal Task LogoutAsync() => CallAsync("session.logout", CancellationToken.None);

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
