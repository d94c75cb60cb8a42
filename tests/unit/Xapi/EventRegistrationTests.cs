using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Events;
using Xunit;

namespace Toolstack.Tests.Xapi;

public class EventRegistrationTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task NextTellsWhatHasChangedSinceInOrder()
    {
        await using LocalDatabase database = LocalDatabase.InMemory(Datamodel.Classes);
        var registrations = new EventRegistrations(database, Datamodel.Classes);
        Ref<task> old = await database.Create(NewTask("old"));
        Assert.Equal("SESSION_NOT_REGISTERED", (await Assert.ThrowsAsync<XenApiError>(() => Next(registrations))).Code);
        registrations.Register("s", ["task"]);
        Task<IReadOnlyList<XenEvent>> waiting = Next(registrations);
        Assert.False(waiting.IsCompleted);
        await database.Create(new session { uuid = Guid.NewGuid().ToString() });
        Ref<task> added = await database.Create(NewTask("new"));
        Assert.Equal([("add", added.Text)], (await waiting).Select(e => (e.Operation, e.Reference)));
        await database.Update(added, r => r with { progress = 0.5 });
        await database.Destroy(old);
        IReadOnlyList<XenEvent> next = await Next(registrations);
        Assert.Equal([("mod", added.Text), ("del", old.Text)], next.Select(e => (e.Operation, e.Reference)));
        Assert.Equal("old", ((task)next[1].Row!).name_label);
        registrations.Unregister("s", ["task"]);
        Assert.Equal("SESSION_NOT_REGISTERED", (await Assert.ThrowsAsync<XenApiError>(() => Next(registrations))).Code);
    }

    [Fact]
    public async Task MoreDeletionsThanAreRememberedAreLostEvents()
    {
        await using LocalDatabase database = LocalDatabase.InMemory(Datamodel.Classes);
        var registrations = new EventRegistrations(database, Datamodel.Classes);
        registrations.Register("s", ["*"]);
        for (int i = 0; i < 600; i++)
        {
            await database.Destroy(await database.Create(NewTask("t")));
        }

        Assert.Equal("EVENTS_LOST", (await Assert.ThrowsAsync<XenApiError>(() => Next(registrations))).Code);
        Ref<task> added = await database.Create(NewTask("after"));
        Assert.Equal([added.Text], (await Next(registrations)).Select(e => e.Reference));
    }

    [Fact]
    public async Task AThousandWaitersGetTheSameChange()
    {
        await using LocalDatabase database = LocalDatabase.InMemory(Datamodel.Classes);
        var feed = new EventFeed(database, Datamodel.Classes);
        Ref<task> self = await database.Create(NewTask("t"));
        string token = new EventToken(database.Generation, 0).ToString();
        int threads = ThreadPool.ThreadCount;
        Task<EventBatch>[] waiters = [.. Enumerable.Range(0, 1000).Select(_ => feed.FromAsync(["task"], token, 60, static () => ValueTask.CompletedTask, Cancel))];
        Assert.DoesNotContain(waiters, w => w.IsCompleted);
        Assert.True(ThreadPool.ThreadCount - threads < 100);
        await database.Update(self, r => r with { progress = 0.25 });
        EventBatch[] batches = await Task.WhenAll(waiters);
        Assert.All(batches, b => Assert.Equal([self.Text], b.Events.Select(e => e.Reference)));

        int written = 0;
        XenObject row = batches[0].Events[0].Row!;
        var counting = new System.Buffers.ArrayBufferWriter<byte>();
        var writer = new Toolstack.Idl.XmlRpc.XmlRpcWriter(counting);
        for (int i = 0; i < 10; i++)
        {
            writer.Shared(row, w =>
            {
                written++;
                row.Class.WriteRecord(row, w);
            });
        }

        Assert.True(written <= 1);
    }

    private static Task<IReadOnlyList<XenEvent>> Next(EventRegistrations registrations) => registrations.NextAsync("s", static () => ValueTask.CompletedTask, Cancel);

    private static task NewTask(string label) => new() { uuid = Guid.NewGuid().ToString(), name_label = label };
}
