using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Toolstack.Xapi.Http;

/// <summary>Reads whole request bodies, of stated length or chunked, up to the server's bound; large ones when there is room for them.</summary>
internal static class RequestBody
{
    /// <summary>Passes the body to <paramref name="use"/> as one span, without a copy when it came in one piece. Raises <see cref="HttpRefusal"/>.</summary>
    internal static async ValueTask<T> ReadAsync<T>(HttpContext context, Func<ReadOnlyMemory<byte>, T> use)
    {
        PipeReader reader = context.Request.BodyReader;
        bool small = context.Request.ContentLength is <= HttpLimits.SmallBodyBytes;
        bool admitted = small;
        if (!small && context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = new MinDataRate(HttpLimits.LargeBodyBytesPerSecond, HttpLimits.LargeBodyGrace);
        }

        try
        {
            if (!small && context.Request.ContentLength is not null)
            {
                admitted = await AdmitAsync(context).ConfigureAwait(false);
            }

            while (true)
            {
                ReadResult read = await reader.ReadAsync(context.RequestAborted).ConfigureAwait(false);
                if (read.IsCompleted)
                {
                    ReadOnlySequence<byte> body = read.Buffer;
                    T result = use(body.IsSingleSegment ? body.First : body.ToArray());
                    reader.AdvanceTo(body.End);
                    return result;
                }

                bool large = read.Buffer.Length > HttpLimits.SmallBodyBytes;
                reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                admitted = admitted || (large && await AdmitAsync(context).ConfigureAwait(false));
            }
        }
        catch (Microsoft.AspNetCore.Http.BadHttpRequestException error)
        {
            // Too long, too slow or cut short: the original answers all of them with 500.
            throw new HttpRefusal(500, error.Message, error);
        }
    }

    /// <summary>Waits for room, which the request keeps to its end: what it becomes takes memory too. Always true.</summary>
    private static async ValueTask<bool> AdmitAsync(HttpContext context)
    {
        BodyBudget bodies = context.Features.GetRequiredFeature<BodyBudget>();
        if (context.Request.ContentLength > bodies.Largest)
        {
            // Refused as soon as somebody reads it.
            return true;
        }

        string client = RpcEndpoint.IsLocal(context) ? "" : HttpAccess.AddressOf(context);
        context.Response.RegisterForDispose(
            await bodies.TakeAsync(client, context.Request.ContentLength, HttpLimits.BodyRoomDeadline, context.RequestAborted).ConfigureAwait(false));
        return true;
    }
}
