using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Events;
using Xunit;

namespace Toolstack.Tests.Xapi;

public class EventTests
{
    [Theory]
    [InlineData("00000000000000000007,00000000000000000000", 7, 0)]
    [InlineData("12,3", 12, 3)]
    public void TokenIsTwoNumbers(string text, long generation, long messages)
    {
        var token = EventToken.Parse(text);
        Assert.Equal(new EventToken(generation, messages), token);
        Assert.Equal(token, EventToken.Parse(token.ToString()));
    }

    [Theory]
    [InlineData("x")]
    [InlineData("1")]
    [InlineData("1,2,3")]
    [InlineData("1,b")]
    public void TokenOfAnotherFormIsRefused(string text)
    {
        XenApiError error = Assert.Throws<XenApiError>(() => EventToken.Parse(text));
        Assert.Equal("EVENT_FROM_TOKEN_PARSE_FAILURE", error.Code);
        Assert.Equal([text], error.Parameters);
    }

    [Fact]
    public void SubscriptionsMatchClassesInAnyCaseAndObjectsExactly()
    {
        EventSubscriptions wanted = EventSubscriptions.Parse(["vm", "Task/OpaqueRef:a/b"]);
        Assert.True(wanted.HasClass("VM"));
        Assert.False(wanted.HasClass("task"));
        Assert.True(wanted.Has("task", "OpaqueRef:a/b"));
        Assert.False(wanted.Has("task", "OpaqueRef:a"));
        Assert.False(wanted.OnlyTasks);
        Assert.True(EventSubscriptions.Parse(["task/OpaqueRef:x"]).OnlyTasks);
        Assert.Equal("EVENT_SUBSCRIPTION_PARSE_FAILURE", Assert.Throws<XenApiError>(() => EventSubscriptions.Parse([""])).Code);
    }

    [Fact]
    public async Task BatchHoldsOneEventPerObjectAndTheNewestGeneration()
    {
        await using LocalDatabase database = LocalDatabase.InMemory(Datamodel.Classes);
        Ref<task> kept = await database.Create(NewTask("kept"));
        Ref<task> gone = await database.Create(NewTask("gone"));
        EventSubscriptions tasks = EventSubscriptions.Parse(["task"]);

        EventBatch first = EventBatch.Compute(database.View, Datamodel.Classes, tasks, EventToken.Beginning);
        Assert.Equal(["add", "add"], first.Events.Select(e => e.Operation));

        Ref<task> added = await database.Create(NewTask("added"));
        await database.Update(kept, r => r with { progress = 0.25 });
        await database.Update(kept, r => r with { progress = 0.5 });
        await database.Destroy(gone);
        Ref<task> unseen = await database.Create(NewTask("unseen"));
        await database.Destroy(unseen);

        EventBatch second = EventBatch.Compute(database.View, Datamodel.Classes, tasks, first.Token);
        Assert.Equal([("add", added.Text), ("mod", kept.Text), ("del", gone.Text)], second.Events.Select(e => (e.Operation, e.Reference)));
        Assert.Equal(0.5, ((task)second.Events[1].Row!).progress);

        EventBatch third = EventBatch.Compute(database.View, Datamodel.Classes, tasks, second.Token);
        Assert.Empty(third.Events);
        Assert.Equal(second.Token, third.Token);
    }

    [Fact]
    public async Task ChangesOfOtherClassesDoNotMoveTheToken()
    {
        await using LocalDatabase database = LocalDatabase.InMemory(Datamodel.Classes);
        await database.Create(NewTask("t"));
        EventSubscriptions tasks = EventSubscriptions.Parse(["task"]);
        EventToken before = EventBatch.Compute(database.View, Datamodel.Classes, tasks, EventToken.Beginning).Token;
        await database.Create(new session { uuid = Guid.NewGuid().ToString() });
        Assert.Equal(before, EventBatch.Compute(database.View, Datamodel.Classes, tasks, before).Token);
    }

    [Fact]
    public async Task InjectedTokenStandsBeforeTheChange()
    {
        await using LocalDatabase database = LocalDatabase.InMemory(Datamodel.Classes);
        Ref<task> self = await database.Create(NewTask("t"));
        var feed = new EventFeed(database, Datamodel.Classes);
        string token = feed.Inject("task", self.Text);
        EventBatch batch = await feed.FromAsync(["task"], token, 30, () => ValueTask.CompletedTask, TestContext.Current.CancellationToken);
        Assert.Equal([("mod", self.Text)], batch.Events.Select(e => (e.Operation, e.Reference)));
        Assert.True(string.CompareOrdinal(batch.Token.ToString(), token) > 0);
        Assert.Equal("HANDLE_INVALID", Assert.Throws<XenApiError>(() => feed.Inject("task", "OpaqueRef:none")).Code);
        Assert.Equal("HANDLE_INVALID", Assert.Throws<XenApiError>(() => feed.Inject("Task", self.Text)).Code);
    }

    private static task NewTask(string label) => new() { uuid = Guid.NewGuid().ToString(), name_label = label };
}
