using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Dispatch;

namespace Toolstack.Xapi.Reports;

/// <summary>The messages of class blob. Contents travel over HTTP, see <see cref="BlobEndpoint"/>.</summary>
internal sealed class BlobMessages(BlobStore store) : blobMessages
{
    public override async Task<Ref<blob>> create(Call call, string mime_type, bool @public) =>
        await BlobStore.CreateAsync(((CallContext)call).Database, "", mime_type, @public, call.Cancellation).ConfigureAwait(false);

    public override async Task destroy(Call call, Ref<blob> self)
    {
        var context = (CallContext)call;
        blob row = await context.Database.Get(self, call.Cancellation).ConfigureAwait(false);
        await context.Database.Destroy(self, call.Cancellation).ConfigureAwait(false);
        store.Delete(row);
    }
}
