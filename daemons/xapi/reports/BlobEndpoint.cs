using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Http;

namespace Toolstack.Xapi.Reports;

/// <summary><c>GET</c> and <c>PUT /blob</c>: the content of the blob that <c>ref</c> or <c>uuid</c> names.</summary>
internal sealed class BlobEndpoint(XapiServices services, BlobStore store)
{
    internal const string Path = "/blob";

    internal async Task GetAsync(HttpContext context)
    {
        (Ref<blob> Self, blob Row)? found = await FindAsync(context).ConfigureAwait(false);
        if (found is not { Row: { @public: true } } && !await HttpAccess.AdmitAsync(context, services, HttpAction.GetBlob).ConfigureAwait(false))
        {
            return;
        }

        if (found is not { Row: { } row })
        {
            await HttpReplies.PageAsync(context, 404, "Not Found").ConfigureAwait(false);
            return;
        }

        string path = store.PathOf(row);
        context.Response.StatusCode = 200;
        context.Response.Headers.ContentType = row.mime_type;
        if (!File.Exists(path))
        {
            context.Response.ContentLength = 0;
            return;
        }

        using var content = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        context.Response.ContentLength = content.Length;
        await content.CopyToAsync(context.Response.Body, context.RequestAborted).ConfigureAwait(false);
    }

    internal async Task PutAsync(HttpContext context)
    {
        if (!await HttpAccess.AdmitAsync(context, services, HttpAction.PutBlob).ConfigureAwait(false))
        {
            return;
        }

        if (await FindAsync(context).ConfigureAwait(false) is not { Row: { } row, Self: { } self })
        {
            await HttpReplies.PageAsync(context, 404, "Not Found").ConfigureAwait(false);
            return;
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = IsOpen(context) ? null : ReportLimits.MaxBlobBytes;
        }

        long length = await SaveAsync(context, store.PathOf(row)).ConfigureAwait(false);
        DateTimeOffset now = DateTimeOffset.UtcNow;
        await services.Database.Update(self, r => r with { size = length, last_updated = now }, CancellationToken.None).ConfigureAwait(false);
        context.Response.StatusCode = 200;
        context.Response.ContentLength = 0;
    }

    /// <summary>The content takes the place of the old one when all of it has come. Raises HttpRefusal.</summary>
    private static async Task<long> SaveAsync(HttpContext context, string path)
    {
        string temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            var options = new FileStreamOptions
            {
                Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            };
            long length;
            var file = new FileStream(temporary, options);
            await using (file.ConfigureAwait(false))
            {
                await (IsOpen(context) ? CopyOpenAsync(context.Request.Body, file) : context.Request.Body.CopyToAsync(file, context.RequestAborted)).ConfigureAwait(false);
                file.Flush(flushToDisk: true);
                length = file.Length;
            }

            File.Move(temporary, path, overwrite: true);
            return length;
        }
        catch (BadHttpRequestException error)
        {
            throw new HttpRefusal(500, error.Message, error);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <summary>Whether the end of the connection is that of the body.</summary>
    private static bool IsOpen(HttpContext context) => context.Request.ContentLength == HttpLimits.UnknownLength;

    private static async Task CopyOpenAsync(Stream body, FileStream file)
    {
        byte[] buffer = new byte[ReportLimits.CopyBytes];
        try
        {
            // The connection's end ends the request as well, but what had come before is the content.
            while (await body.ReadAsync(buffer, CancellationToken.None).ConfigureAwait(false) is > 0 and int count)
            {
                if (file.Length + count > ReportLimits.MaxBlobBytes)
                {
                    throw new HttpRefusal(413, $"a blob of more than {ReportLimits.MaxBlobBytes} bytes");
                }

                await file.WriteAsync(buffer.AsMemory(0, count)).ConfigureAwait(false);
            }
        }
        catch (BadHttpRequestException error) when (error.StatusCode == 400)
        {
            // Cut at the end. One that was too slow is another status, and no end.
        }
    }

    private async Task<(Ref<blob> Self, blob Row)?> FindAsync(HttpContext context)
    {
        try
        {
            Ref<blob> self = HttpAccess.Parameter(context, "ref") is { Length: > 0 } reference
                ? new Ref<blob>(reference)
                : await services.Database.GetByUuid<blob>(HttpAccess.Parameter(context, "uuid") ?? "", context.RequestAborted).ConfigureAwait(false);
            return await services.Database.Find(self, context.RequestAborted).ConfigureAwait(false) is { } row ? (self, row) : null;
        }
        catch (XenApiError error) when (error.Code == "UUID_INVALID")
        {
            return null;
        }
    }
}
