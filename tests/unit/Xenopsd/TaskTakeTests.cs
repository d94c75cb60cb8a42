using System.Globalization;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Executor;
using Xunit;

namespace Toolstack.Tests.Xenopsd;

/// <summary>Task.take: one call that waits for a task's end and has it forgotten.</summary>
public sealed class TaskTakeTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(60);

    private readonly Updates updates = new(TimeSpan.Zero);
    private readonly TaskTable tasks;

    public TaskTakeTests() => tasks = new TaskTable(updates);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ItWaitsForTheEndAndTheTaskIsListedNoMore()
    {
        var task = tasks.Add("d");
        var taking = tasks.TakeAsync(task.Id, Long, Cancel);
        Assert.False(taking.IsCompleted);
        task.Complete("r");
        var info = await taking;
        Assert.Equal("r", Assert.IsType<TaskState.Completed>(info.state).completion.result);
        Assert.Empty(tasks.List());
    }

    [Fact]
    public async Task WhoDidNotGetTheAnswerTakesItAgain()
    {
        var task = tasks.Add("d");
        task.Fail(new XenopsErrorValue.IO_error());
        await tasks.TakeAsync(task.Id, TimeSpan.Zero, Cancel);
        Assert.IsType<TaskState.Failed>((await tasks.TakeAsync(task.Id, TimeSpan.Zero, Cancel)).state);
    }

    [Fact]
    public async Task TakenTasksMakePlaceForOthers()
    {
        var first = await EndedAsync();
        for (int number = 0; number < ExecutorLimits.MaxTaken; number++)
        {
            Assert.NotNull(tasks.Find(first));
            await EndedAsync();
        }

        Assert.Throws<XenopsError>(() => tasks.Find(first));
    }

    [Fact]
    public async Task OneThatRunsIsToldOfAndStays()
    {
        var task = tasks.Add("d");
        task.Progress(0.5);
        var info = await tasks.TakeAsync(task.Id, TimeSpan.FromMilliseconds(1), Cancel);
        Assert.Equal(0.5, Assert.IsType<TaskState.Pending>(info.state).progress);
        Assert.Single(tasks.List());
    }

    [Fact]
    public async Task OneTooManyDoesNotWait()
    {
        var task = tasks.Add("d");
        List<Task<TaskInfo>> waiting = [.. Enumerable.Range(0, ExecutorLimits.MaxTakers).Select(_ => tasks.TakeAsync(task.Id, Long, Cancel))];
        Assert.IsType<TaskState.Pending>((await tasks.TakeAsync(task.Id, Long, Cancel)).state);
        task.Complete(null);
        Assert.All(await Task.WhenAll(waiting), static info => Assert.IsType<TaskState.Completed>(info.state));
    }

    [Fact]
    public async Task WhoGivesUpLeavesTheTaskAndItsPlace()
    {
        var task = tasks.Add("d");
        for (int number = 0; number <= ExecutorLimits.MaxTakers; number++)
        {
            using CancellationTokenSource source = new();
            var taking = tasks.TakeAsync(task.Id, Long, source.Token);
            await source.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => taking);
        }

        Assert.Single(tasks.List());
    }

    [Fact]
    public async Task TheEndIsAnUpdateAllTheSame()
    {
        var task = tasks.Add("d");
        var taking = tasks.TakeAsync(task.Id, Long, Cancel);
        task.Complete(null);
        await taking;
        Assert.Contains(new DynamicId.Task(task.Id), (await updates.GetAsync(0, Long, Cancel)).Events);
    }

    [Fact]
    public async Task AnUnknownOneDoesNotExist()
    {
        var error = await Assert.ThrowsAsync<XenopsError>(() => tasks.TakeAsync(12345.ToString(CultureInfo.InvariantCulture), Long, Cancel));
        Assert.IsType<XenopsErrorValue.Does_not_exist>(error.Value);
    }

    private async Task<string> EndedAsync()
    {
        var task = tasks.Add("d");
        task.Complete(null);
        await tasks.TakeAsync(task.Id, TimeSpan.Zero, Cancel);
        return task.Id;
    }
}
