using System.Text;
using Microsoft.AspNetCore.Http;
using Toolstack.Hosting;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Sessions;

namespace Toolstack.Xapi.Http;

/// <summary>Who may use the resources besides XenAPI itself: root over the Unix socket, a session, another host by the pool's secret, a local
/// account by HTTP's basic authentication.</summary>
internal static class HttpAccess
{
    private const string Basic = "Basic ";

    /// <summary>The address of the client, without its port.</summary>
    internal static string AddressOf(HttpContext context) => context.Connection.RemoteIpAddress?.ToString() ?? "unknown";

    /// <summary>True when the request may do that; otherwise it has been answered with 401 or 403.</summary>
    internal static async ValueTask<bool> AdmitAsync(HttpContext context, XapiServices services, HttpAction action)
    {
        SessionInfo? caller = await CallerAsync(context, services.Sessions).ConfigureAwait(false);
        if (caller is null)
        {
            context.Response.Headers.WWWAuthenticate = $"Basic realm=\"{action.Name}\"";
            await HttpReplies.PageAsync(context, 401, "Unauthorised").ConfigureAwait(false);
            return false;
        }

        bool allowed = caller.May(action.Permission);
        services.Audit?.Note(LogScope.TrackOf(caller.Self.ToString()), caller.UserName, caller.UserSid, allowed, allowed ? "OK" : "RBAC_PERMISSION_DENIED", "HTTP", action.Name);
        if (!allowed)
        {
            await HttpReplies.PageAsync(context, 403, "Forbidden").ConfigureAwait(false);
        }

        return allowed;
    }

    /// <summary>Only another host of the pool, by its secret.</summary>
    internal static bool IsPoolMember(HttpContext context, SessionService sessions) => sessions.IsPoolSecret(context.Request.Cookies["pool_secret"]);

    /// <summary>Cookies come before the query.</summary>
    internal static string? Parameter(HttpContext context, string name) =>
        context.Request.Cookies[name] ?? (context.Request.Query.TryGetValue(name, out Microsoft.Extensions.Primitives.StringValues value) ? value.ToString() : null);

    private static async ValueTask<SessionInfo?> CallerAsync(HttpContext context, SessionService sessions)
    {
        if (RpcEndpoint.IsLocal(context))
        {
            return SessionInfo.Root;
        }

        if (sessions.IsPoolSecret(Parameter(context, "pool_secret")))
        {
            return SessionInfo.Pool;
        }

        return Parameter(context, "session_id") is { } session
            ? await sessions.FindAsync(session, context.RequestAborted).ConfigureAwait(false)
            : await ByPasswordAsync(context, sessions).ConfigureAwait(false);
    }

    /// <summary>A login for this one request.</summary>
    private static async ValueTask<SessionInfo?> ByPasswordAsync(HttpContext context, SessionService sessions)
    {
        string header = context.Request.Headers.Authorization.ToString();
        byte[] bytes = new byte[header.Length];
        if (!header.StartsWith(Basic, StringComparison.OrdinalIgnoreCase)
            || !Convert.TryFromBase64String(header[Basic.Length..].Trim(), bytes, out int length)
            || Encoding.UTF8.GetString(bytes, 0, length).Split(':', 2) is not [{ } user, { } password])
        {
            return null;
        }

        try
        {
            Ref<session> self = await sessions.LoginAsync(user, password, "http", false, AddressOf(context), context.RequestAborted).ConfigureAwait(false);
            SessionInfo? caller = await sessions.FindAsync(self.ToString(), context.RequestAborted).ConfigureAwait(false);
            await sessions.LogoutAsync(self, CancellationToken.None).ConfigureAwait(false);
            return caller;
        }
        catch (XenApiError error) when (error.Code is "SESSION_AUTHENTICATION_FAILED" or "HOST_IS_SLAVE")
        {
            return null;
        }
    }
}
