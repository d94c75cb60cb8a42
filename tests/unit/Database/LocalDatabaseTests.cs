using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Xunit;

namespace Toolstack.Tests.Database;

public sealed class LocalDatabaseTests
{
    private readonly LocalDatabase database = LocalDatabase.InMemory(Declare.All);

    [Fact]
    public async Task A_row_is_found_by_reference_uuid_and_name()
    {
        box row = box.New("a");
        Ref<box> self = await database.Create(row);

        Assert.Same(row, await database.Find(self));
        Assert.Equal(self, await database.GetByUuid<box>(row.uuid));
        Assert.Equal([self.ToString()], database.RefsByName(box.Info, "a"));
        await database.Update(self, static r => r with { name_label = "b" });
        Assert.Empty(database.RefsByName(box.Info, "a"));
        Assert.Equal([self.ToString()], database.RefsByName(box.Info, "b"));
    }

    [Fact]
    public async Task What_is_not_there_has_the_error_of_the_wire()
    {
        Ref<box> gone = Ref<box>.New();
        Assert.Null(await database.Find(gone));
        Assert.Equal(["box", gone.ToString()], (await Assert.ThrowsAsync<XenApiError>(async () => await database.Get(gone))).Parameters);
        XenApiError update = await Assert.ThrowsAsync<XenApiError>(async () => await database.Update(gone, static r => r));
        Assert.Equal("HANDLE_INVALID", update.Code);
        XenApiError destroy = await Assert.ThrowsAsync<XenApiError>(async () => await database.Destroy(gone));
        Assert.Equal("HANDLE_INVALID", destroy.Code);
        XenApiError byUuid = await Assert.ThrowsAsync<XenApiError>(async () => await database.GetByUuid<box>("x"));
        Assert.Equal(("UUID_INVALID", "box", "x"), (byUuid.Code, byUuid.Parameters[0], byUuid.Parameters[1]));
    }

    [Fact]
    public async Task A_uuid_of_another_class_is_not_found()
    {
        box row = box.New("a");
        await database.Create(row);
        await Assert.ThrowsAsync<XenApiError>(async () => await database.GetByUuid<shelf>(row.uuid));
    }

    [Fact]
    public async Task A_uuid_or_reference_that_is_taken_in_any_class_is_refused_and_nothing_changes()
    {
        box row = box.New("a");
        Ref<box> self = await database.Create(row);
        long before = database.Generation;

        await Assert.ThrowsAsync<XenApiError>(async () => await database.Create(new shelf { uuid = row.uuid }));
        await Assert.ThrowsAsync<XenApiError>(async () =>
            await database.InsertAsync(shelf.Info, self.ToString(), new shelf { uuid = "other" }, TestContext.Current.CancellationToken));
        await Assert.ThrowsAsync<XenApiError>(async () => await database.Create(new shelf()));
        Assert.Equal(before, database.Generation);
        Assert.Equal(0, database.Count(shelf.Info));
    }

    [Fact]
    public async Task Each_mutation_stamps_its_row_with_a_generation_of_its_own()
    {
        Ref<box> a = await database.Create(box.New("a"));
        Ref<box> b = await database.Create(box.New("b"));
        await database.Update(a, static r => r with { weight = 1 });

        RowView rowA = database.View.Find(box.Info, a.ToString())!;
        RowView rowB = database.View.Find(box.Info, b.ToString())!;
        Assert.Equal((1, 3), (rowA.Created, rowA.Modified));
        Assert.Equal((2, 2), (rowB.Created, rowB.Modified));
        Assert.Equal(3, database.Generation);
    }

    [Fact]
    public async Task An_equal_value_is_no_change_even_in_new_collections()
    {
        Ref<box> self = await database.Create(box.New("a") with { tags = ["x", "y"], other_config = Map(("k", "v")) });
        box before = await database.Get(self);
        long generation = database.Generation;
        Task wait = database.WaitForChangeAsync(generation, TestContext.Current.CancellationToken);

        await database.Update(self, static r => r with { name_label = "a", tags = ["x", "y"], other_config = Map(("k", "v")) });

        Assert.Equal(generation, database.Generation);
        Assert.Same(before, await database.Get(self));
        Assert.False(wait.IsCompleted);
        await database.Update(self, static r => r with { tags = ["y", "x"] });
        await wait;
        Assert.Equal(generation + 1, database.Generation);
    }

    [Fact]
    public async Task The_set_at_the_other_end_follows_and_both_old_and_new_end_are_marked()
    {
        Ref<shelf> low = await database.Create(new shelf { uuid = "low" });
        Ref<shelf> high = await database.Create(new shelf { uuid = "high" });
        Ref<box> self = await database.Create(box.New("a", low));
        Assert.Equal([self.ToString()], (await database.Get(low)).boxes);

        long before = database.Generation;
        await database.Update(self, r => r with { shelf = high.ToString() });

        Assert.Empty((await database.Get(low)).boxes);
        Assert.Equal([self.ToString()], (await database.Get(high)).boxes);
        Assert.Equal([low.ToString(), high.ToString()], database.View.ChangedSince(shelf.Info, before).Select(static r => r.Reference));
        Assert.Equal([self.ToString()], database.View.ChangedSince(box.Info, before).Select(static r => r.Reference));

        await database.Destroy(self);
        Assert.Empty((await database.Get(high)).boxes);
    }

    [Fact]
    public async Task Clients_of_the_database_cannot_write_the_sets_that_it_maintains()
    {
        Ref<shelf> self = await database.Create(new shelf { uuid = "s", boxes = ["OpaqueRef:stray"] });
        Assert.Empty((await database.Get(self)).boxes);
        long before = database.Generation;
        await database.Update(self, static r => r with { boxes = ["OpaqueRef:stray"] });
        Assert.Empty((await database.Get(self)).boxes);
        Assert.Equal(before, database.Generation);
    }

    [Fact]
    public async Task A_reference_to_a_row_that_is_gone_stays()
    {
        Ref<shelf> low = await database.Create(new shelf { uuid = "low" });
        Ref<box> self = await database.Create(box.New("a", low));
        await database.Destroy(low);
        Assert.Equal(low.ToString(), (await database.Get(self)).shelf);
        await database.Update(self, static r => r with { shelf = "OpaqueRef:NULL" });
    }

    [Fact]
    public async Task Deleted_rows_are_remembered_newest_first_and_the_oldest_are_forgotten()
    {
        var deleted = new List<string>();
        for (int index = 0; index <= DatabaseLimits.DeletedMost; index++)
        {
            Ref<box> self = await database.Create(box.New($"{index}"));
            await database.Destroy(self);
            deleted.Add(self.ToString());
            if (index == DatabaseLimits.DeletedMost - 1)
            {
                Assert.Equal(DatabaseLimits.DeletedMost, database.Deleted(box.Info).Count);
            }
        }

        IReadOnlyList<DeletedRow> kept = database.Deleted(box.Info);
        Assert.Equal(DatabaseLimits.DeletedKept, kept.Count);
        Assert.Equal(Enumerable.Reverse(deleted).Take(kept.Count), kept.Select(static row => row.Reference));
        Assert.All(kept, static row => Assert.True(row.Created < row.Deleted));
        Assert.Equal(database.Generation, kept[0].Deleted);
    }

    [Fact]
    public async Task A_view_stays_as_it_was()
    {
        Ref<box> self = await database.Create(box.New("a"));
        IDatabaseView view = database.View;
        await database.Destroy(self);
        await database.Create(box.New("b"));
        Assert.Equal([self.ToString()], view.Rows(box.Info).Select(static r => r.Reference));
        Assert.Equal(1, view.Generation);
        Assert.Empty(view.Deleted(box.Info));
    }

    [Fact]
    public async Task Changes_come_in_the_order_of_their_generations_each_row_once()
    {
        Ref<box> a = await database.Create(box.New("a"));
        Ref<box> b = await database.Create(box.New("b"));
        Ref<box> c = await database.Create(box.New("c"));
        await database.Update(a, static r => r with { weight = 1 });
        await database.Update(b, static r => r with { weight = 1 });
        await database.Update(a, static r => r with { weight = 2 });

        Assert.Equal([c, b, a], database.View.ChangedSince(box.Info, 0).Select(static r => new Ref<box>(r.Reference)));
        Assert.Equal([b, a], database.View.ChangedSince(box.Info, 3).Select(static r => new Ref<box>(r.Reference)));
        Assert.Empty(database.View.ChangedSince(box.Info, database.Generation));
        Assert.Equal(database.Generation, database.View.Newest(box.Info));
        Assert.Equal(0, database.View.Newest(shelf.Info));
    }

    [Fact]
    public async Task Touch_marks_a_row_so_that_the_generation_before_the_mark_still_sees_it()
    {
        Ref<box> self = await database.Create(box.New("a"));
        long before = database.Generation;
        long marked = database.Touch("box", self.ToString());
        Assert.Equal(before + 2, marked);
        Assert.Single(database.View.ChangedSince(box.Info, marked - 1));
        Assert.Throws<XenApiError>(() => database.Touch("box", "OpaqueRef:NULL"));
        Assert.Throws<XenApiError>(() => database.Touch("Box", self.ToString()));
    }

    [Fact]
    public async Task Waiters_are_woken_by_the_next_change_and_not_before()
    {
        long since = database.Generation;
        Task[] waiters = [.. Enumerable.Range(0, 100).Select(_ => database.WaitForChangeAsync(since, TestContext.Current.CancellationToken))];
        using var cancelled = new CancellationTokenSource();
        Task other = database.WaitForChangeAsync(since, cancelled.Token);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => other);
        Assert.All(waiters, static waiter => Assert.False(waiter.IsCompleted));
        await database.Create(box.New("a"));
        await Task.WhenAll(waiters);
        await database.WaitForChangeAsync(since, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Concurrent_updates_of_one_row_lose_none()
    {
        Ref<box> self = await database.Create(box.New("a"));
        await Parallel.ForEachAsync(Enumerable.Range(0, 2000), TestContext.Current.CancellationToken,
            async (_, cancel) => await database.Update(self, static r => r with { weight = r.weight + 1 }, cancel));
        Assert.Equal(2000, (await database.Get(self)).weight);
    }

    [Fact]
    public async Task A_change_that_throws_changes_nothing()
    {
        Ref<box> self = await database.Create(box.New("a"));
        await Assert.ThrowsAsync<XenApiError>(async () => await database.Update(self, static _ => throw new XenApiError("VM_BAD_POWER_STATE")));
        Assert.Equal(1, database.Generation);
        await database.Update(self, static r => r with { weight = 5 });
    }

    private static ImmutableSortedDictionary<string, string> Map(params (string Key, string Value)[] pairs) =>
        pairs.ToImmutableSortedDictionary(static p => p.Key, static p => p.Value, StringComparer.Ordinal);
}
