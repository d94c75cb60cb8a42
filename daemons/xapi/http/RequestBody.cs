using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;

namespace Toolstack.Xapi.Http;

/// <summary>Reads whole request bodies, of stated length or chunked, up to the server's bound.</summary>
internal static class RequestBody
{
    /// <summary>Passes the body to <paramref name="use"/> as one span, without a copy when it came in one piece. Raises <see cref="HttpRefusal"/>.</summary>
    internal static async ValueTask<T> ReadAsync<T>(HttpContext context, Func<ReadOnlyMemory<byte>, T> use)
    {
        PipeReader reader = context.Request.BodyReader;
        try
        {
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

                reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            }
        }
        catch (BadHttpRequestException error)
        {
            // Too long, too slow or cut short: the original answers all of them with 500.
            throw new HttpRefusal(500, error.Message, error);
        }
    }
}
