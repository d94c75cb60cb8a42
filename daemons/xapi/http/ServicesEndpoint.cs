using Microsoft.AspNetCore.Http;
using Toolstack.Idl.XmlRpc;

namespace Toolstack.Xapi.Http;

/// <summary>The part of <c>/services</c> that HTTP serves: XML-RPC calls that another host makes to the local xenopsd. Its connections for
/// memory never get here: <see cref="AcceptThread"/> takes them first.</summary>
internal sealed class ServicesEndpoint(XapiServices services)
{
    /// <summary><c>POST /services/xenops</c>.</summary>
    internal async Task PostXenopsAsync(HttpContext context)
    {
        if (!await HttpAccess.AdmitAsync(context, services, HttpAction.PostXenops).ConfigureAwait(false))
        {
            return;
        }

        if (services.XenopsGateway is not { } gateway)
        {
            await HttpReplies.PageAsync(context, 404, "Not Found").ConfigureAwait(false);
            return;
        }

        byte[] body = await RequestBody.ReadAsync(context, static bytes => bytes.ToArray()).ConfigureAwait(false);
        ReadOnlyMemory<byte> answer = await gateway.HandleXmlRpcAsync(body, context.RequestAborted).ConfigureAwait(false);
        await HttpReplies.DocumentAsync(context, XmlRpcEnvelope.ContentType, answer).ConfigureAwait(false);
    }

    /// <summary>A migration request that did not come first on its connection cannot be handed over any more.</summary>
    internal static Task TooLateAsync(HttpContext context) => HttpReplies.PageAsync(context, 501, "Not Implemented");
}
