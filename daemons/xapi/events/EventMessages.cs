using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Dispatch;

namespace Toolstack.Xapi.Events;

/// <summary>The messages of class event.</summary>
internal sealed class EventMessages(IChangeLog log, EventFeed feed, EventRegistrations registrations) : eventMessages
{
    public override async Task<MessageResult> from(Call call, ImmutableArray<string> classes, string token, double timeout)
    {
        var context = (CallContext)call;
        EventBatch batch = await feed.FromAsync(classes, token, timeout, () => AssertSessionAsync(context), call.Cancellation).ConfigureAwait(false);
        return batch.Result;
    }

    public override Task<string> inject(Call call, string @class, string @ref) => Task.FromResult(feed.Inject(@class, @ref));

    public override Task register(Call call, ImmutableArray<string> classes)
    {
        registrations.Register(call.SessionRef, classes);
        return Task.CompletedTask;
    }

    public override Task unregister(Call call, ImmutableArray<string> classes)
    {
        registrations.Unregister(call.SessionRef, classes);
        return Task.CompletedTask;
    }

    public override async Task<MessageResult> next(Call call)
    {
        var context = (CallContext)call;
        IReadOnlyList<XenEvent> events = await registrations.NextAsync(call.SessionRef, () => AssertSessionAsync(context), call.Cancellation).ConfigureAwait(false);
        return new MessageResult(w => EventRegistrations.Write(w, events));
    }

    public override Task<long> get_current_id(Call call) => Task.FromResult(log.Generation);

    private static async ValueTask AssertSessionAsync(CallContext context)
    {
        if (await context.Services.Sessions.FindAsync(context.SessionRef, context.Cancellation).ConfigureAwait(false) is null)
        {
            throw new XenApiError("SESSION_INVALID", context.SessionRef);
        }
    }
}
