using System.Collections.Concurrent;
using Toolstack.Hosting.Switch;
using Toolstack.Xapi.Xenops;
using Toolstack.Xenopsd.Contract;
using Xunit;

namespace Toolstack.Tests.VirtualMachines;

public sealed class XenopsTasksTests
{
    private static readonly XenopsTaskLimits Limits = new(TimeSpan.FromMilliseconds(5), TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1));

    private sealed class Scripted(params Func<TaskInfo>[] looks) : FakeXenops
    {
        private int look;

        public ConcurrentQueue<string> Asked { get; } = new();

        /// <summary>What waiting for the task's end gives; null: xenopsd is not there for it.</summary>
        public TaskInfo? Taken { get; init; }

        public override Task<TaskInfo> TaskTake(string debug_info, string id, double timeout, CancellationToken cancel) =>
            Taken is { } info ? Task.FromResult(info) : throw XenopsError.Internal("away", new SwitchException(SwitchErrorKind.NoConsumer, "away"));

        public override Task<TaskInfo> TaskStat(string debug_info, string id, CancellationToken cancel) =>
            Task.FromResult(looks[Math.Min(Interlocked.Increment(ref look), looks.Length) - 1]());

        public override Task TaskCancel(string debug_info, string id, CancellationToken cancel)
        {
            Asked.Enqueue("cancel " + id);
            return Task.CompletedTask;
        }

        public override Task TaskDestroy(string debug_info, string id, CancellationToken cancel)
        {
            Asked.Enqueue("destroy " + id);
            return Task.CompletedTask;
        }
    }

    private static Func<TaskInfo> In(TaskState state, string dbg = "d") => () => new TaskInfo { id = "7", dbg = dbg, state = state };

    private static readonly TaskState Done = new TaskState.Completed(new TaskCompletion { result = "r" });

    [Fact]
    public async Task TheResultComesWithProgressAndTheTaskIsDestroyed()
    {
        Scripted xenops = new(In(new TaskState.Pending(0.25)), In(new TaskState.Pending(0.25)), In(new TaskState.Pending(0.75)), In(Done));
        List<double> progress = [];
        string? result = await new XenopsTasks(xenops, Limits).WaitAsync("d", "7", value =>
        {
            progress.Add(value);
            return ValueTask.CompletedTask;
        }, CancellationToken.None);
        Assert.Equal("r", result);
        Assert.Equal([0.25, 0.75], progress);
        Assert.Equal(["destroy 7"], xenops.Asked);
    }

    [Fact]
    public async Task ATaskThatEndsSoonIsNeitherLookedAtNorDestroyed()
    {
        Scripted xenops = new(static () => throw new InvalidOperationException("looked at")) { Taken = In(Done)() };
        Assert.Equal("r", await new XenopsTasks(xenops, Limits).WaitAsync("d", "7", null, CancellationToken.None));
        Assert.Empty(xenops.Asked);
    }

    [Fact]
    public async Task ATaskThatTakesItsTimeIsLookedAt()
    {
        Scripted xenops = new(In(new TaskState.Pending(0.75)), In(Done)) { Taken = In(new TaskState.Pending(0.25))() };
        List<double> progress = [];
        Assert.Equal("r", await new XenopsTasks(xenops, Limits).WaitAsync("d", "7", value =>
        {
            progress.Add(value);
            return ValueTask.CompletedTask;
        }, CancellationToken.None));
        Assert.Equal([0.25, 0.75], progress);
        Assert.Equal(["destroy 7"], xenops.Asked);
    }

    [Fact]
    public async Task AFailureIsTheTasksOwn()
    {
        Scripted xenops = new(In(new TaskState.Failed(new XenopsErrorValue.IO_error())));
        XenopsError error = await Assert.ThrowsAsync<XenopsError>(() => new XenopsTasks(xenops, Limits).WaitAsync("d", "7", null, CancellationToken.None));
        Assert.IsType<XenopsErrorValue.IO_error>(error.Value);
        Assert.Equal(["destroy 7"], xenops.Asked);
    }

    [Fact]
    public async Task CancellingAsksXenopsdOnceAndWaitsForWhatComesOfIt()
    {
        using CancellationTokenSource source = new();
        await source.CancelAsync();
        Scripted xenops = new(In(new TaskState.Pending(0)), In(new TaskState.Pending(0)), In(new TaskState.Failed(new XenopsErrorValue.Cancelled("7"))));
        XenopsError error = await Assert.ThrowsAsync<XenopsError>(() => new XenopsTasks(xenops, Limits).WaitAsync("d", "7", null, source.Token));
        Assert.IsType<XenopsErrorValue.Cancelled>(error.Value);
        Assert.Equal(["cancel 7", "destroy 7"], xenops.Asked);
    }

    [Fact]
    public async Task ATaskTooLateToCancelSucceeds()
    {
        using CancellationTokenSource source = new();
        await source.CancelAsync();
        Scripted xenops = new(In(new TaskState.Pending(0)), In(Done));
        Assert.Equal("r", await new XenopsTasks(xenops, Limits).WaitAsync("d", "7", null, source.Token));
    }

    [Fact]
    public async Task AnotherTaskUnderTheSameIdIsNotTakenForIt()
    {
        Scripted xenops = new(In(new TaskState.Pending(0)), In(Done, dbg: "of another process"));
        XenopsError error = await Assert.ThrowsAsync<XenopsError>(() => new XenopsTasks(xenops, Limits).WaitAsync("d", "7", null, CancellationToken.None));
        Assert.IsType<XenopsErrorValue.Internal_error>(error.Value);
    }

    [Fact]
    public async Task AnOutageIsSatOut()
    {
        Scripted xenops = new(
            () => throw XenopsError.Internal("away", new SwitchException(SwitchErrorKind.NoConsumer, "away")), In(Done));
        Assert.Equal("r", await new XenopsTasks(xenops, Limits).WaitAsync("d", "7", null, CancellationToken.None));
    }
}
