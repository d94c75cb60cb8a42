using Toolstack.Idl;
using Toolstack.Xapi.Sessions;
using Xunit;

namespace Toolstack.Tests.Xapi;

public class LoginThrottleTests
{
    [Fact]
    public async Task AClientWaitsForItselfOnly()
    {
        var throttle = new LoginThrottle(TimeProvider.System);
        var stuck = new TaskCompletionSource<string?>();
        Task<string?> first = throttle.RunAsync("a", 8, _ => stuck.Task, TestContext.Current.CancellationToken);
        Task<string?> second = throttle.RunAsync("a", 8, static _ => Task.FromResult<string?>(null), TestContext.Current.CancellationToken);
        Assert.Null(await throttle.RunAsync("b", 8, static _ => Task.FromResult<string?>(null), TestContext.Current.CancellationToken));
        Assert.False(second.IsCompleted);
        stuck.SetResult("no");
        Assert.Equal("no", await first);
        Assert.Null(await second);
    }

    [Fact]
    public async Task RepeatedFailuresPutOffTheNextAttemptOfThatClient()
    {
        var clock = new PausedClock();
        var throttle = new LoginThrottle(clock);
        for (int i = 0; i <= SessionLimits.FreeFailures; i++)
        {
            Assert.Equal("no", await throttle.RunAsync("a", 8, static _ => Task.FromResult<string?>("no"), TestContext.Current.CancellationToken));
        }

        Assert.Empty(clock.Pauses);
        Task<string?> put = throttle.RunAsync("a", 8, static _ => Task.FromResult<string?>(null), TestContext.Current.CancellationToken);
        Assert.Null(await throttle.RunAsync("b", 8, static _ => Task.FromResult<string?>(null), TestContext.Current.CancellationToken));
        Assert.Equal([SessionLimits.FirstPause], clock.Pauses);
        clock.FireAll();
        Assert.Null(await put);
        Assert.Null(await throttle.RunAsync("a", 8, static _ => Task.FromResult<string?>(null), TestContext.Current.CancellationToken));
        Assert.Single(clock.Pauses);
    }

    [Fact]
    public async Task OneClientCannotQueueWithoutBound()
    {
        var throttle = new LoginThrottle(TimeProvider.System);
        var stuck = new TaskCompletionSource<string?>();
        Task[] waiting = [.. Enumerable.Range(0, SessionLimits.MaxWaitingPerClient).Select(_ => throttle.RunAsync("a", 8, _ => stuck.Task, TestContext.Current.CancellationToken))];
        XenApiError error = await Assert.ThrowsAsync<XenApiError>(() => throttle.RunAsync("a", 8, _ => stuck.Task, TestContext.Current.CancellationToken));
        Assert.Equal("SESSION_AUTHENTICATION_FAILED", error.Code);
        stuck.SetResult(null);
        await Task.WhenAll(waiting);
    }

    /// <summary>Timers fire when the test says so.</summary>
    private sealed class PausedClock : TimeProvider
    {
        private readonly List<Timer> timers = [];

        internal List<TimeSpan> Pauses { get; } = [];

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = new Timer(() => callback(state));
            Pauses.Add(dueTime);
            timers.Add(timer);
            return timer;
        }

        internal void FireAll() => timers.ForEach(static t => t.Fire());

        private sealed class Timer(Action fire) : ITimer
        {
            internal void Fire() => fire();

            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose() { }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }

    [Fact]
    public async Task NoMoreRunAtATimeThanThePoolSays()
    {
        var throttle = new LoginThrottle(TimeProvider.System);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(TimeSpan.FromSeconds(60));
        TaskCompletionSource<string?>[] checks = [new(), new(), new()];
        int started = 0;
        Task<string?>[] logins =
        [
            .. checks.Select((check, number) => throttle.RunAsync($"client {number}", 2, _ =>
            {
                Interlocked.Increment(ref started);
                return check.Task;
            }, deadline.Token)),
        ];
        Assert.Equal(2, started);
        using var gone = new CancellationTokenSource();
        Task<string?> leaves = throttle.RunAsync("leaves", 2, static _ => Task.FromResult<string?>(null), gone.Token);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaves);
        checks[0].SetResult(null);
        await logins[0];
        checks[2].SetResult(null);
        Assert.Null(await logins[2]);
        Assert.Equal(3, started);

        // A bound that was raised holds for whoever comes next.
        Assert.Null(await throttle.RunAsync("more", 3, static _ => Task.FromResult<string?>(null), deadline.Token));
        checks[1].SetResult(null);
        Assert.Null(await logins[1]);
    }
}
