using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Toolstack.Xapi.Http;

/// <summary>The loop that owns each request: finds its route, and turns what fails into a small page and the end of the connection.</summary>
internal sealed class HttpApplication(HttpRoutes routes, BodyBudget bodies, ILogger logger) : IHttpApplication<HttpContext>
{
    public HttpContext CreateContext(IFeatureCollection contextFeatures)
    {
        contextFeatures.Set(bodies);
        return new DefaultHttpContext(contextFeatures);
    }

    public void DisposeContext(HttpContext context, Exception? exception)
    {
        // Nothing is kept per request beyond the context itself.
    }

    public async Task ProcessRequestAsync(HttpContext context)
    {
        string method = context.Request.Method;
        string path = context.Request.Path.Value ?? "/";
        try
        {
            if (method is not ("GET" or "PUT" or "POST" or "OPTIONS" or "CONNECT"))
            {
                await HttpReplies.PageAsync(context, 501, "Not Implemented").ConfigureAwait(false);
            }
            else if (routes.Find(method, path) is { } serve)
            {
                await serve(context).ConfigureAwait(false);
            }
            else
            {
                await HttpReplies.PageAsync(context, 403, "Forbidden").ConfigureAwait(false);
            }
        }
        catch (Exception error) when (IsGone(context, error))
        {
            // The client went away; nobody is left to answer.
        }
        catch (Exception error) // the loop that owns the request: logged and answered, the connection ends
        {
            if (error is HttpRefusal refusal)
            {
                Log.BodyRefused(logger, refusal.Message);
            }
            else
            {
                Log.RequestFailed(logger, method, path, error);
            }

            await HttpReplies.PageAsync(context, (error as HttpRefusal)?.Status ?? 500, "Internal Error").ConfigureAwait(false);
        }
    }

    private static bool IsGone(HttpContext context, Exception error) =>
        context.RequestAborted.IsCancellationRequested && error is OperationCanceledException or IOException;
}
