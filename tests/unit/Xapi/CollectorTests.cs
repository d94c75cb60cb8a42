using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Sessions;
using Toolstack.Xapi.Tasks;
using Xunit;

namespace Toolstack.Tests.Xapi;

/// <summary>Which sessions and tasks go by themselves: the idle and the surplus, the oldest first, never one that is needed.</summary>
public sealed class CollectorTests : IAsyncDisposable
{
    private static readonly DateTimeOffset Now = new(2030, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private readonly LocalDatabase database = LocalDatabase.InMemory(Datamodel.Classes);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => database.DisposeAsync();

    [Fact]
    public async Task AnIdleSessionEndsUnlessATaskOfItsRunsOn()
    {
        Ref<session> fresh = await SessionAsync(Now.AddHours(-23));
        Ref<session> idle = await SessionAsync(Now.AddHours(-25));
        Ref<session> parent = await SessionAsync(Now.AddHours(-25));
        Ref<session> busy = await SessionAsync(Now.AddHours(-25), s => s with { parent = parent });
        await database.Create(new task { uuid = Uuid(), session = busy, status = task_status_type.pending }, Cancel);
        await database.Create(new task { uuid = Uuid(), session = idle, status = task_status_type.success }, Cancel);
        Assert.Equal(1, await new SessionCollector(database).RunAsync(Now, Cancel));
        Assert.Equal(new HashSet<Ref<session>> { fresh, parent, busy }, [.. (await database.GetAll<session>(Cancel)).Select(static s => s.Key)]);
    }

    /// <summary>Sessions of other hosts and of nobody in particular, of root or nobody by their originator, of others by their name.</summary>
    [Theory]
    [InlineData("", "", true, 400)]
    [InlineData("", "", false, 400)]
    [InlineData("root", "cli", false, 500)]
    [InlineData("", "cli", false, 500)]
    [InlineData("mona", "cli", false, 500)]
    [InlineData("mona", "", false, 500)]
    public async Task TheLongestUnusedSessionsBeyondTheNumberOfTheirGroupEnd(string user, string originator, bool pool, int most)
    {
        Ref<session> other = await SessionAsync(Now.AddHours(-20), s => s with { auth_user_name = "other" });
        List<Ref<session>> sessions = [];
        for (int i = 0; i < most + 3; i++)
        {
            sessions.Add(await SessionAsync(Now.AddMinutes(-i), s => s with { auth_user_name = user, originator = originator, pool = pool }));
        }

        Assert.Equal(3, await new SessionCollector(database).RunAsync(Now, Cancel));
        Assert.NotNull(await database.Find(other, Cancel));
        Assert.NotNull(await database.Find(sessions[most - 1], Cancel));
        Assert.Null(await database.Find(sessions[most], Cancel));
    }

    [Fact]
    public async Task OneUsersOriginatorsShareTheUsersNumberAndRootsDoNot()
    {
        for (int i = 0; i < 600; i++)
        {
            await SessionAsync(Now, s => s with { auth_user_name = "root", originator = i % 2 == 0 ? "a" : "b" });
        }

        Assert.Equal(0, await new SessionCollector(database).RunAsync(Now, Cancel));
        for (int i = 0; i < 510; i++)
        {
            await SessionAsync(Now, s => s with { auth_user_name = "mona", originator = i % 2 == 0 ? "a" : "b" });
        }

        Assert.Equal(10, await new SessionCollector(database).RunAsync(Now, Cancel));
    }

    [Fact]
    public async Task TasksGoWhenTheyAreOldOrStuckOrTooMany()
    {
        TaskCollector collector = new(database);
        Ref<task> old = await TaskAsync(task_status_type.success, finished: Now.AddMinutes(-66));
        Ref<task> recent = await TaskAsync(task_status_type.failure, finished: Now.AddMinutes(-64));
        Ref<task> stuck = await TaskAsync(task_status_type.pending, created: Now.AddHours(-25));
        Ref<task> moving = await TaskAsync(task_status_type.pending, created: Now.AddHours(-25));
        Assert.Equal(1, await collector.RunAsync(Now, Cancel));
        Assert.Null(await database.Find(old, Cancel));
        await database.Update(moving, static t => t with { progress = 0.5 }, Cancel);
        Assert.Equal(1, await collector.RunAsync(Now, Cancel));
        Assert.Null(await database.Find(stuck, Cancel));
        for (int i = 0; i < 200; i++)
        {
            await TaskAsync(task_status_type.success, finished: Now.AddMinutes(-1));
        }

        await database.Update(moving, static t => t with { progress = 0.6 }, Cancel);
        Assert.Equal(2, await collector.RunAsync(Now, Cancel));
        // The one that completed first is the first to go, and one that has not completed never goes for the number.
        Assert.Null(await database.Find(recent, Cancel));
        Assert.NotNull(await database.Find(moving, Cancel));
    }

    private async Task<Ref<session>> SessionAsync(DateTimeOffset used, Func<session, session>? with = null)
    {
        session row = new() { uuid = Uuid(), last_active = used };
        return await database.Create(with is null ? row : with(row), Cancel);
    }

    private async Task<Ref<task>> TaskAsync(task_status_type status, DateTimeOffset? created = null, DateTimeOffset? finished = null) => await database.Create(
        new task { uuid = Uuid(), status = status, created = created ?? Now.AddHours(-2), finished = finished ?? DateTimeOffset.UnixEpoch }, Cancel);

    private static string Uuid() => Guid.NewGuid().ToString();
}
