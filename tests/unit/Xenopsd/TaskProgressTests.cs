using System.Diagnostics;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Executor;
using Xunit;

namespace Toolstack.Tests.Xenopsd;

/// <summary>When a client hears of a task's progress.</summary>
public sealed class TaskProgressTests
{
    [Fact]
    public async Task StepsThatFollowEachOtherQuicklyAreSignalledOnceForAll()
    {
        var updates = new Updates();
        var task = new TaskTable(updates).Add("quick");
        var clock = Stopwatch.StartNew();
        for (int step = 1; step <= 40; step++)
        {
            task.Progress(step * 0.02);
        }

        Assert.InRange(updates.LastId, 0, (long)(clock.Elapsed / ExecutorLimits.ProgressPause) + 1);
        var (_, events, _) = await updates.GetAsync(0, TimeSpan.FromSeconds(60), CancellationToken.None);
        Assert.Equal([new DynamicId.Task(task.Id)], events);
        Assert.Equal(0.8, Assert.IsType<TaskState.Pending>(task.Info().state).progress, 5);
    }

    [Fact]
    public async Task TheEndIsSignalledAtOnce()
    {
        var updates = new Updates();
        var task = new TaskTable(updates).Add("ended");
        task.Progress(0.5);
        task.Complete(null);
        Assert.True(updates.LastId > 0);
        var (_, events, _) = await updates.GetAsync(0, TimeSpan.FromSeconds(60), CancellationToken.None);
        Assert.Equal([new DynamicId.Task(task.Id)], events);
    }
}
