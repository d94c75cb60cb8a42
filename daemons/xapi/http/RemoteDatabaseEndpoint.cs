using Microsoft.AspNetCore.Http;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Sessions;

namespace Toolstack.Xapi.Http;

/// <summary>The members' way to the coordinator's database; only with the pool's secret.</summary>
internal sealed class RemoteDatabaseEndpoint(RemoteDatabaseAccess access, SessionService sessions)
{
    internal const string Path = "/remote_db_access_v2";
    internal const string ContentType = "application/json";

    internal async Task PostAsync(HttpContext context)
    {
        if (!HttpAccess.IsPoolMember(context, sessions))
        {
            await HttpReplies.PageAsync(context, 401, "Unauthorised").ConfigureAwait(false);
            return;
        }

        byte[] body = await RequestBody.ReadAsync(context, static bytes => bytes.ToArray()).ConfigureAwait(false);
        try
        {
            ReadOnlyMemory<byte> answer = await access.HandleAsync(body, context.RequestAborted).ConfigureAwait(false);
            await HttpReplies.DocumentAsync(context, ContentType, answer).ConfigureAwait(false);
        }
        catch (Exception error) when (error is WireFormatException or ValueFormatException)
        {
            throw new HttpRefusal(400, error.Message, error);
        }
    }
}
