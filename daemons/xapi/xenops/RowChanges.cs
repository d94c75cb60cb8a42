using System.Collections.Immutable;
using System.Globalization;
using Toolstack.Idl;
using Toolstack.Xapi.Events;
using Toolstack.Xapi.Http;
using Toolstack.Xapi.Pool;

namespace Toolstack.Xapi.Xenops;

/// <summary>Waits until rows that event.from is subscribed to have changed, or the time is over: which VMs, and from where to ask next. An empty token asks
/// for all of them.</summary>
internal delegate Task<(ImmutableArray<string> Vms, string Token)> RowChanges(
    IReadOnlyList<string> subscriptions, string token, TimeSpan wait, CancellationToken cancel);

/// <summary>Where a host hears of changed rows: the coordinator from its database, a member from the coordinator.</summary>
internal static class RowChangeSources
{
    /// <summary>What an answer may take beyond the time it waits.</summary>
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(30);

    internal static RowChanges Of(EventFeed feed) => async (subscriptions, token, wait, cancel) =>
    {
        EventBatch batch = await feed.FromAsync(subscriptions, token, wait.TotalSeconds, static () => ValueTask.CompletedTask, cancel).ConfigureAwait(false);
        return ([.. batch.Events.Where(static e => e.Class.EventName == "vm").Select(static e => e.Reference)], batch.Token.ToString());
    };

    internal static RowChanges Of(XenApiClient client, HostIdentity identity) => async (subscriptions, token, wait, cancel) =>
    {
        Value.Struct answer = (await client.CallAsync(
            identity.CoordinatorAddress, "event.from",
            [
                new Value.Array([.. subscriptions.Select(static s => (Value)new Value.Text(s))]),
                new Value.Text(token),
                new Value.Float(wait.TotalSeconds),
            ],
            null, wait + AnswerTime, cancel).ConfigureAwait(false)).AsStruct();
        return ([.. Member(answer, "events").AsArray().Select(static e => e.AsStruct()).Where(static e => Member(e, "class").AsString() == "vm")
            .Select(static e => Member(e, "ref").AsString())], Member(answer, "token").AsString());
    };

    private static Value Member(Value.Struct record, string name) =>
        record.Find(name) ?? throw new XenApiError("INTERNAL_ERROR", string.Create(CultureInfo.InvariantCulture, $"event.from: {name} is missing"));
}
