using Microsoft.AspNetCore.Http;
using Toolstack.Xapi.Sessions;

namespace Toolstack.Xapi.Http;

/// <summary>Who may use the resources besides XenAPI itself: root over the Unix socket, a session, another host by the pool's secret.</summary>
public static class HttpAccess
{
    /// <summary>Whether the request is allowed; cookies come before the query.</summary>
    public static async ValueTask<bool> IsAllowedAsync(HttpContext context, SessionService sessions)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(sessions);
        if (RpcEndpoint.IsLocal(context) || sessions.IsPoolSecret(context.Request.Cookies["pool_secret"]))
        {
            return true;
        }

        string? session = context.Request.Cookies["session_id"] ?? context.Request.Query["session_id"].ToString();
        return await sessions.IsValidAsync(session, context.RequestAborted).ConfigureAwait(false);
    }

    /// <summary>Only another host of the pool, by its secret.</summary>
    public static bool IsPoolMember(HttpContext context, SessionService sessions)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(sessions);
        return sessions.IsPoolSecret(context.Request.Cookies["pool_secret"]);
    }
}
