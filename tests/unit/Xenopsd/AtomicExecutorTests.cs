using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.Extensions.Logging.Abstractions;
using Toolstack.Xenopsd.Atomics;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Executor;
using Toolstack.Xenopsd.Operations;
using Xunit;

namespace Toolstack.Tests.Xenopsd;

/// <summary>Order, groups, failure, cancellation, deadline and undo, on steps that only write down that they ran.</summary>
public sealed class AtomicExecutorTests : IAtomicActions
{
    private readonly ConcurrentQueue<string> ran = new();
    private readonly TaskTable tasks = new(new Updates());
    private Func<Atomic, CancellationToken, Task> behaviour = (_, _) => Task.CompletedTask;

    async Task IAtomicActions.RunAsync(Atomic atomic, RunContext context, CancellationToken cancel)
    {
        await behaviour(atomic, cancel);
        ran.Enqueue(Name(atomic));
    }

    [Fact]
    public async Task StepsRunInOrderAndProgressEndsAtOne()
    {
        var task = await RunAsync([new Atomic.VM_create("v", null, null), new Atomic.VM_build("v", false), new Atomic.VM_unpause("v")]);
        Assert.Equal(["create", "build", "unpause"], ran);
        Assert.Equal(1, Assert.IsType<TaskState.Pending>(task.Info().state).progress);
    }

    [Fact]
    public async Task AFailureTakesBackWhatWasDoneNewestFirst()
    {
        behaviour = (a, _) => a is Atomic.VM_unpause ? throw new XenopsError(new XenopsErrorValue.IO_error()) : Task.CompletedTask;
        var error = await Assert.ThrowsAsync<XenopsError>(() => RunAsync(
        [
            new Atomic.VM_create("v", null, null),
            new Atomic.VBD_set_active(new DeviceId("v", "a"), true),
            new Atomic.VBD_plug(new DeviceId("v", "a")),
            new Atomic.VM_unpause("v"),
            new Atomic.VM_build("v", false),
        ]));
        Assert.IsType<XenopsErrorValue.IO_error>(error.Value);
        Assert.Equal(["create", "activate", "plug", "unplug", "deactivate", "destroy"], ran);
    }

    [Fact]
    public async Task AGroupRunsAllItsStepsAndRaisesTheFirstError()
    {
        behaviour = (a, _) => a is Atomic.VBD_plug { Device.Device: "3" or "17" } p ? throw XenopsError.Internal(p.Device.Device) : Task.CompletedTask;
        ImmutableArray<Atomic> atoms = [.. Enumerable.Range(0, 25).Select(i => new Atomic.VBD_plug(new DeviceId("v", $"{i}")))];
        var error = await Assert.ThrowsAsync<XenopsError>(() => RunAsync([new Atomic.Parallel("v", "plug", atoms)]));
        Assert.Equal(new XenopsErrorValue.Internal_error("3"), error.Value);
        Assert.Equal(23, ran.Count(static r => r == "plug"));
        Assert.Equal(23, ran.Count(static r => r == "unplug"));
    }

    [Fact]
    public async Task AGroupRunsAtMostTenStepsAtATime()
    {
        int now = 0;
        int most = 0;
        behaviour = async (_, cancel) =>
        {
            int running = Interlocked.Increment(ref now);
            lock (ran)
            {
                most = Math.Max(most, running);
            }

            await Task.Delay(1, cancel);
            Interlocked.Decrement(ref now);
        };
        await RunAsync([new Atomic.Parallel("v", "plug", [.. Enumerable.Range(0, 40).Select(i => new Atomic.VBD_plug(new DeviceId("v", $"{i}")))])], workers: 64);
        Assert.InRange(most, 1, ExecutorLimits.MaxParallelAtoms);
    }

    [Fact]
    public async Task NestedGroupsDoNotWaitForTheirParentsWorkers()
    {
        ImmutableArray<Atomic> Nested(string name) => [new Atomic.Nested_parallel("v", name,
            [new Atomic.VBD_plug(new DeviceId("v", name + "1")), new Atomic.VBD_plug(new DeviceId("v", name + "2"))])];
        await RunAsync([new Atomic.Parallel("v", "all", [.. Nested("a"), .. Nested("b"), .. Nested("c")])], workers: 1);
        Assert.Equal(6, ran.Count);
    }

    [Fact]
    public async Task ABestEffortIsIgnoredWhenItFails()
    {
        behaviour = (a, _) => a is Atomic.VM_pause ? throw XenopsError.DoesNotExist("domain", "v") : Task.CompletedTask;
        await RunAsync([new Atomic.Best_effort(new Atomic.VM_pause("v")), new Atomic.VM_destroy("v")]);
        Assert.Equal(["destroy"], ran);
    }

    [Fact]
    public async Task ACancelledTaskStopsInsideAStepAndIsTakenBack()
    {
        var task = tasks.Add("test");
        behaviour = (a, cancel) =>
        {
            if (a is not Atomic.VM_delay)
            {
                return Task.CompletedTask;
            }

            task.Cancel();
            return Task.Delay(Timeout.Infinite, cancel);
        };
        var error = await Assert.ThrowsAsync<XenopsError>(() => RunAsync(
            [new Atomic.VM_create("v", null, null), new Atomic.VM_delay("v", TimeSpan.FromHours(1)), new Atomic.VM_unpause("v")], task));
        Assert.Equal(new XenopsErrorValue.Cancelled(task.Id), error.Value);
        Assert.Equal(["create", "destroy"], ran);
    }

    [Fact]
    public async Task AStepThatOutlivesItsDeadlineIsStopped()
    {
        behaviour = (_, cancel) => Task.Delay(Timeout.Infinite, cancel);
        var error = await Assert.ThrowsAsync<XenopsError>(() => RunAsync([new Atomic.VM_delay("v", -ExecutorLimits.ShutdownGrace)]));
        Assert.Contains("did not end within", Assert.IsType<XenopsErrorValue.Internal_error>(error.Value).message, StringComparison.Ordinal);
    }

    /// <summary>Its second step waits for the only worker until the time of the whole group is over.</summary>
    [Fact]
    public async Task AGroupThatOutlivesItsDeadlineIsStopped()
    {
        behaviour = async (a, cancel) =>
        {
            var waiting = Task.Delay(Timeout.Infinite, cancel);
            await (a is Atomic.VM_delay { Vm: "deaf" } ? waiting.ContinueWith(static _ => { }, TaskScheduler.Default) : waiting);
        };
        var soon = TimeSpan.FromMilliseconds(20) - ExecutorLimits.ShutdownGrace;
        var group = new Atomic.Parallel("v", "two delays", [new Atomic.VM_delay("deaf", soon), new Atomic.VM_delay("v", soon)]);
        var error = await Assert.ThrowsAsync<XenopsError>(() => RunAsync([group], workers: 1));
        Assert.StartsWith("two delays did not end within", Assert.IsType<XenopsErrorValue.Internal_error>(error.Value).message, StringComparison.Ordinal);
    }

    [Fact]
    public void ATaskThatCannotBeCancelledIsNot()
    {
        var task = tasks.Add("test");
        task.ForbidCancel();
        task.Cancel();
        Assert.False(task.Cancellation.IsCancellationRequested);
        var cancelled = tasks.Add("test");
        cancelled.Cancel();
        Assert.Throws<XenopsError>(cancelled.ForbidCancel);
    }

    private async Task<XenopsTask> RunAsync(ImmutableArray<Atomic> plan, XenopsTask? task = null, int workers = 4)
    {
        task ??= tasks.Add("test");
        var executor = new AtomicExecutor(this, new Scheduler(workers), NullLogger.Instance);
        await executor.RunAsync(plan, new RunContext(task, plan.Sum(AtomicTraits.Weight)), task.Cancellation);
        return task;
    }

    private static string Name(Atomic atomic) => atomic switch
    {
        Atomic.VBD_set_active a => a.Active ? "activate" : "deactivate",
        _ => atomic.GetType().Name.Split('_', 2)[1],
    };
}
