using Microsoft.AspNetCore.Http;
using Toolstack.Hosting;

namespace Toolstack.Xapi.Http;

/// <summary>A member's answer where the coordinator is the one to ask: 302 with the same path and query there. Nothing of a body is read, so that a
/// client can find its way with an empty request.</summary>
internal sealed class CoordinatorRedirect(XapiServices services)
{
    private const int HttpPort = 80;
    private const int HttpsPort = 443;

    internal Task AnswerAsync(HttpContext context)
    {
        int https = (int)services.Configuration.Get(Settings.HttpsPort);
        (string scheme, int port, int usual) = https == 0 ? ("http", services.Identity.HttpPort, HttpPort) : ("https", https, HttpsPort);
        string host = UrlHost.Of(services.Identity.CoordinatorAddress);
        HttpResponse response = context.Response;
        response.StatusCode = 302;
        response.Headers.Location = $"{scheme}://{host}{(port == usual ? "" : $":{port}")}{context.Request.Path}{context.Request.QueryString}";
        response.ContentLength = 0;
        return Task.CompletedTask;
    }
}
