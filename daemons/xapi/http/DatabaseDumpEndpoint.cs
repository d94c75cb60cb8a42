using Microsoft.AspNetCore.Http;
using Toolstack.Xapi.Database;

namespace Toolstack.Xapi.Http;

/// <summary><c>GET /pool/xmldbdump</c>: the database as XML. <c>PUT</c>: a restore, which takes effect by a restart of the daemon; with
/// <c>dry_run=true</c> only the check.</summary>
internal sealed class DatabaseDumpEndpoint(XapiServices services, LocalDatabase database, string path)
{
    internal const string Path = "/pool/xmldbdump";

    internal async Task GetAsync(HttpContext context)
    {
        if (!await HttpAccess.AdmitAsync(context, services, HttpAction.GetPoolDatabase).ConfigureAwait(false))
        {
            return;
        }

        context.Response.StatusCode = 200;
        context.Response.Headers.ContentType = "text/xml";
        await StateXmlWriter.WriteAsync(context.Response.Body, database.View, Datamodel.Datamodel.Classes, context.RequestAborted).ConfigureAwait(false);
    }

    internal async Task PutAsync(HttpContext context)
    {
        if (!await HttpAccess.AdmitAsync(context, services, HttpAction.PutPoolDatabase).ConfigureAwait(false))
        {
            return;
        }

        ImportedState state;
        try
        {
            state = await RequestBody.ReadAsync(context, static body => StateXmlReader.Read(body.Span, "request", Datamodel.Datamodel.Classes)).ConfigureAwait(false);
        }
        catch (DatabaseFileException error)
        {
            throw new HttpRefusal(400, error.Message, error);
        }

        bool dry = HttpAccess.Parameter(context, "dry_run") == "true";
        if (!dry)
        {
            await Task.Run(() => DatabaseTransfer.Prepare(path, state), context.RequestAborted).ConfigureAwait(false);
        }

        context.Response.StatusCode = 200;
        context.Response.ContentLength = 0;
        await context.Response.CompleteAsync().ConfigureAwait(false);
        if (!dry)
        {
            services.Restart($"a database of {state.Rows.Count} rows is to be restored");
        }
    }
}
