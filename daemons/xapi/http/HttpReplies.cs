using System.IO.Compression;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Toolstack.Xapi.Http;

/// <summary>The few forms of answer: a XenAPI document, a small page for errors, nothing.</summary>
internal static class HttpReplies
{
    /// <summary>An XML-RPC or JSON-RPC answer, with the headers clients compare (the content type has no charset).</summary>
    internal static async Task DocumentAsync(HttpContext context, string contentType, ReadOnlyMemory<byte> body)
    {
        HttpResponse response = Head(context, contentType);
        if (body.Length >= HttpLimits.CompressFrom && AsksForGzip(context))
        {
            body = Compress(body);
            MarkCompressed(response);
        }

        response.ContentLength = body.Length;
        await response.Body.WriteAsync(body, context.RequestAborted).ConfigureAwait(false);
    }

    /// <summary>Begins the same answer when its length is not known: what is written to the stream goes out in chunks. Disposing it ends the answer.</summary>
    internal static Stream Start(HttpContext context, string contentType)
    {
        HttpResponse response = Head(context, contentType);
        if (WantsClose(context.Request) || HttpProtocol.IsHttp10(context.Request.Protocol))
        {
            response.Headers.Connection = "close";
        }

        if (!AsksForGzip(context))
        {
            return response.Body;
        }

        MarkCompressed(response);
        return new GZipStream(response.Body, CompressionLevel.Fastest, leaveOpen: true);
    }

    private static HttpResponse Head(HttpContext context, string contentType)
    {
        HttpResponse response = context.Response;
        response.StatusCode = 200;
        response.Headers.ContentType = contentType;
        response.Headers.CacheControl = "no-cache, no-store";
        response.Headers.AccessControlAllowOrigin = "*";
        response.Headers.AccessControlAllowHeaders = "X-Requested-With";
        if (response.Headers.Connection.Count == 0)
        {
            response.Headers.Connection = WantsClose(context.Request) ? "close" : "keep-alive";
        }

        return response;
    }

    private static void MarkCompressed(HttpResponse response)
    {
        response.Headers.ContentEncoding = "gzip";
        response.Headers.Vary = "Accept-Encoding";
    }

    /// <summary>Over the Unix socket there is no network to spare.</summary>
    private static bool AsksForGzip(HttpContext context) =>
        !RpcEndpoint.IsLocal(context)
        && context.Request.Headers.AcceptEncoding.ToString().Split(',').Any(static coding =>
            coding.Split(';', StringSplitOptions.TrimEntries) is [{ } name, ..] parts
            && name.Equals("gzip", StringComparison.OrdinalIgnoreCase)
            && !(parts is [_, "q=0" or "q=0.0", ..]));

    private static ReadOnlyMemory<byte> Compress(ReadOnlyMemory<byte> body)
    {
        using var output = new MemoryStream(body.Length / 4);
        using (var gzip = new GZipStream(output, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(body.Span);
        }

        return output.GetBuffer().AsMemory(0, (int)output.Length);
    }

    /// <summary>An HTML error page; the connection ends after it.</summary>
    internal static async Task PageAsync(HttpContext context, int status, string title)
    {
        if (context.Response.HasStarted)
        {
            context.Abort();
            return;
        }

        byte[] body = Encoding.ASCII.GetBytes($"<html><body><h1>HTTP {status} {title}</h1></body></html>");
        HttpResponse response = context.Response;
        string challenge = response.Headers.WWWAuthenticate.ToString();
        response.Clear();
        if (challenge.Length > 0)
        {
            response.Headers.WWWAuthenticate = challenge;
        }

        response.StatusCode = status;
        response.Headers.ContentType = "text/html";
        response.Headers.Connection = "close";
        response.ContentLength = body.Length;
        if (context.Request.Method == "CONNECT")
        {
            response.ContentLength = 0;
            return;
        }

        await response.Body.WriteAsync(body, context.RequestAborted).ConfigureAwait(false);
    }

    /// <summary>The answer to a browser that asks before it posts.</summary>
    internal static Task Preflight(HttpContext context)
    {
        string asked = context.Request.Headers.AccessControlRequestHeaders.ToString();
        HttpResponse response = context.Response;
        response.StatusCode = 200;
        response.Headers.AccessControlAllowOrigin = "*";
        response.Headers.AccessControlAllowHeaders = asked.Length == 0 ? "X-Requested-With" : asked + ", X-Requested-With";
        response.Headers.AccessControlAllowMethods = "PUT";
        response.ContentLength = 0;
        return Task.CompletedTask;
    }

    private static bool WantsClose(HttpRequest request) =>
        HttpProtocol.IsHttp10(request.Protocol)
            ? !request.Headers.Connection.ToString().Contains("keep-alive", StringComparison.OrdinalIgnoreCase)
            : request.Headers.Connection.ToString().Contains("close", StringComparison.OrdinalIgnoreCase);
}
