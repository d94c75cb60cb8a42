using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Executor;
using Xunit;

namespace Toolstack.Tests.Xenopsd;

public sealed class SchedulerTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly List<string> log = [];

    [Fact]
    public async Task OneTagRunsInOrderWhateverThePool()
    {
        var scheduler = new Scheduler(4);
        var gate = new TaskCompletionSource();
        var last = new TaskCompletionSource();
        scheduler.Push("v", WorkerPool.Default, Item("1", gate.Task));
        scheduler.Push("v", WorkerPool.Receive, Item("2", Task.CompletedTask));
        scheduler.Push("v", WorkerPool.Default, Item("3", Task.CompletedTask, last));
        Assert.Empty(Ended());
        gate.SetResult();
        await last.Task.WaitAsync(Patience);
        Assert.Equal(["1", "2", "3"], Ended());
    }

    [Fact]
    public async Task TagsRunBesideEachOtherUpToThePoolsWorkers()
    {
        var scheduler = new Scheduler(2);
        var gate = new TaskCompletionSource();
        var third = new TaskCompletionSource();
        var running = new CountdownEvent(2);
        Func<Task> Held() => async () =>
        {
            running.Signal();
            await gate.Task;
        };
        scheduler.Push("a", WorkerPool.Default, Held());
        scheduler.Push("b", WorkerPool.Default, Held());
        scheduler.Push("c", WorkerPool.Default, Item("c", Task.CompletedTask, third));
        Assert.True(running.Wait(Patience, TestContext.Current.CancellationToken));
        Assert.False(third.Task.IsCompleted);

        var other = new TaskCompletionSource();
        scheduler.Push("d", WorkerPool.Parallel, Item("d", Task.CompletedTask, other));
        await other.Task.WaitAsync(Patience);
        Assert.Equal(["d"], Ended());
        gate.SetResult();
        await third.Task.WaitAsync(Patience);
    }

    /// <summary>A VM with much to do takes turns with all others, however few the workers.</summary>
    [Fact]
    public async Task ABusyTagTakesItsTurnWithTheOthers()
    {
        const int others = 10;
        var scheduler = new Scheduler(1);
        var gate = new TaskCompletionSource();
        var last = new TaskCompletionSource();
        scheduler.Push("busy", WorkerPool.Default, Item("busy 0", gate.Task));
        for (int i = 1; i <= 50; i++)
        {
            scheduler.Push("busy", WorkerPool.Default, Item($"busy {i}", Task.CompletedTask, i == 50 ? last : null));
        }

        for (int i = 0; i < others; i++)
        {
            scheduler.Push($"other {i}", WorkerPool.Default, Item($"other {i}", Task.CompletedTask));
        }

        gate.SetResult();
        await last.Task.WaitAsync(Patience);
        string[] ended = [.. Ended()];
        Assert.Equal(51 + others, ended.Length);
        Assert.All(Enumerable.Range(0, others), i => Assert.True(Array.IndexOf(ended, $"other {i}") < Array.IndexOf(ended, "busy 2"), $"other {i} had to wait"));
    }

    [Fact]
    public async Task AnAliasWaitsBehindItsTagAndEndsWithIt()
    {
        var scheduler = new Scheduler(4);
        var gate = new TaskCompletionSource();
        var behind = new TaskCompletionSource();
        scheduler.Push("tmp", WorkerPool.Receive, Item("migration", gate.Task));
        scheduler.Alias("tmp", "final");
        scheduler.Push("final", WorkerPool.Default, Item("operation", Task.CompletedTask, behind));
        gate.SetResult();
        await behind.Task.WaitAsync(Patience);
        Assert.Equal(["migration", "operation"], Ended());

        await IdleAsync(scheduler);
        var tail = new TaskCompletionSource();
        scheduler.Push("tmp", WorkerPool.Default, Item("held", tail.Task));
        var free = new TaskCompletionSource();
        scheduler.Push("final", WorkerPool.Default, Item("free", Task.CompletedTask, free));
        await free.Task.WaitAsync(Patience);
        tail.SetResult();
    }

    [Fact]
    public async Task EqualLooksAreOne()
    {
        var scheduler = new Scheduler(1);
        var gate = new TaskCompletionSource();
        scheduler.Push("v", WorkerPool.Default, Item("first", gate.Task));
        for (int i = 0; i < 5; i++)
        {
            scheduler.Push("v", WorkerPool.Default, Item("look", Task.CompletedTask), "check");
        }

        Assert.Equal(1, scheduler.Snapshot()["v"]);
        gate.SetResult();
        await IdleAsync(scheduler);
        Assert.Equal(["first", "look"], Ended());
    }

    [Fact]
    public async Task AFullQueueRefuses()
    {
        var scheduler = new Scheduler(1);
        var gate = new TaskCompletionSource();
        scheduler.Push("v", WorkerPool.Default, Item("first", gate.Task));
        for (int i = 0; i < ExecutorLimits.MaxQueuedPerTag; i++)
        {
            scheduler.Push("v", WorkerPool.Default, Item("more", Task.CompletedTask));
        }

        Assert.Throws<XenopsError>(() => scheduler.Push("v", WorkerPool.Default, Item("too much", Task.CompletedTask)));
        gate.SetResult();
        await IdleAsync(scheduler);
    }

    private static async Task IdleAsync(Scheduler scheduler)
    {
        using var deadline = new CancellationTokenSource(Patience);
        while (scheduler.Snapshot().Count > 0)
        {
            await Task.Delay(1, deadline.Token);
        }
    }

    private string[] Ended()
    {
        lock (log)
        {
            return [.. log];
        }
    }

    private Func<Task> Item(string name, Task until, TaskCompletionSource? ended = null) => async () =>
    {
        await until;
        lock (log)
        {
            log.Add(name);
        }

        ended?.SetResult();
    };
}
