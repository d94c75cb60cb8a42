using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Dispatch;

namespace Toolstack.Xapi.Events;

/// <summary>The messages of class event. The queue of register and next is not offered: from does all they did, without losing events.</summary>
internal sealed class EventMessages(EventFeed feed) : eventMessages
{
    public override async Task<MessageResult> from(Call call, ImmutableArray<string> classes, string token, double timeout)
    {
        var context = (CallContext)call;
        EventBatch batch = await feed.FromAsync(classes, token, timeout, () => AssertSessionAsync(context), call.Cancellation).ConfigureAwait(false);
        return new MessageResult(batch.Write);
    }

    public override Task<string> inject(Call call, string @class, string @ref) => Task.FromResult(feed.Inject(@class, @ref));

    private static async ValueTask AssertSessionAsync(CallContext context)
    {
        if (await context.Database.Find(context.Session, context.Cancellation).ConfigureAwait(false) is null)
        {
            throw new XenApiError("SESSION_INVALID", context.SessionRef);
        }
    }
}
