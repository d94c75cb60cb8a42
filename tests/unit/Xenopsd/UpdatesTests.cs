using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Executor;
using Xunit;

namespace Toolstack.Tests.Xenopsd;

public sealed class UpdatesTests
{
    private static readonly DynamicId A = new DynamicId.Vm("a");
    private static readonly DynamicId B = new DynamicId.Vm("b");
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Updates updates = new();

    [Fact]
    public async Task AnObjectIsReportedOnceWithItsNewestChange()
    {
        updates.Add(A);
        updates.Add(B);
        updates.Add(A);
        var (barriers, events, next) = await updates.GetAsync(0, Patience, CancellationToken.None);
        Assert.Empty(barriers);
        Assert.Equal([B, A], events);
        Assert.Equal(3, next);
        Assert.Equal(3, updates.LastId);
    }

    [Fact]
    public async Task AWaiterIsWokenByTheNextChange()
    {
        updates.Add(A);
        var waiting = updates.GetAsync(1, Patience, CancellationToken.None);
        Assert.False(waiting.IsCompleted);
        updates.Add(B);
        var (_, events, next) = await waiting;
        Assert.Equal([B], events);
        Assert.Equal(2, next);
    }

    [Fact]
    public async Task ChangesThatFollowAnAnswerAreGatheredUntilOnePresses()
    {
        Updates spaced = new(Patience);
        spaced.Add(A);
        await spaced.GetAsync(0, Patience, CancellationToken.None);
        spaced.Add(A);
        var waiting = spaced.GetAsync(1, Patience * 2, CancellationToken.None);
        Assert.False(waiting.IsCompleted);
        spaced.Add(B);
        Assert.False(waiting.IsCompleted);
        DynamicId.Task ended = new("1");
        spaced.Press(ended);
        var (_, events, next) = await waiting;
        Assert.Equal([A, B, ended], events);
        Assert.Equal(4, next);
    }

    [Fact]
    public async Task ABarrierIsToldAtOnceAndTheEndOfAWaitBringsWhatThereIs()
    {
        Updates spaced = new(Patience);
        spaced.Add(A);
        await spaced.GetAsync(0, Patience, CancellationToken.None);
        spaced.Add(B);
        var (_, events, _) = await spaced.GetAsync(1, TimeSpan.FromMilliseconds(1), CancellationToken.None);
        Assert.Equal([B], events);
        spaced.InjectBarrier("a", 7);
        var (barriers, _, _) = await spaced.GetAsync(2, Patience * 2, CancellationToken.None);
        Assert.Equal(7, Assert.Single(barriers).id);
    }

    [Fact]
    public async Task NothingNewGivesTheSameNumberBack()
    {
        updates.Add(A);
        var (barriers, events, next) = await updates.GetAsync(7, TimeSpan.Zero, CancellationToken.None);
        Assert.Empty(barriers);
        Assert.Empty(events);
        Assert.Equal(7, next);
    }

    /// <summary>A reader goes on from what a killed xenopsd told it.</summary>
    [Fact]
    public async Task AReaderOfTheProcessBeforeMissesNothing()
    {
        Updates before = new(first: Updates.FirstOfProcess);
        before.Add(A);
        before.Add(B);
        var (_, _, last) = await before.GetAsync(0, Patience, CancellationToken.None);
        SpinWait.SpinUntil(() => Updates.FirstOfProcess > last, Patience);
        Updates after = new(first: Updates.FirstOfProcess);
        after.Add(A);
        var (_, events, _) = await after.GetAsync(last, Patience, CancellationToken.None);
        Assert.Equal([A], events);
    }

    [Fact]
    public async Task ACancelledWaiterIsTold()
    {
        using var cancel = new CancellationTokenSource();
        var waiting = updates.GetAsync(0, Patience, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    [Fact]
    public async Task ABarrierHoldsWhatChangedOfItsVmAndStaysUntilRemoved()
    {
        updates.Add(A);
        updates.Add(B);
        updates.Add(new DynamicId.Vbd("a", "xvda"));
        updates.Add(new DynamicId.Task("1"));
        updates.InjectBarrier("a", 42);
        var (barriers, _, next) = await updates.GetAsync(0, Patience, CancellationToken.None);
        var (id, objects) = Assert.Single(barriers);
        Assert.Equal(42, id);
        Assert.Equal([A, new DynamicId.Vbd("a", "xvda")], objects);
        Assert.Equal(5, next);

        var (again, _, _) = await updates.GetAsync(1, Patience, CancellationToken.None);
        Assert.Equal([new DynamicId.Vbd("a", "xvda")], Assert.Single(again).objects);
        updates.RemoveBarrier(42);
        var (none, _, _) = await updates.GetAsync(0, Patience, CancellationToken.None);
        Assert.Empty(none);
    }

    [Fact]
    public async Task ARemovedObjectIsNotReported()
    {
        updates.Add(A);
        updates.Add(B);
        updates.Remove(A);
        var (_, events, _) = await updates.GetAsync(0, Patience, CancellationToken.None);
        Assert.Equal([B], events);
    }

    [Fact]
    public async Task AnEndIsReportedOnceMoreAndTheOldestEndsAreForgotten()
    {
        updates.Add(A);
        updates.End(A);
        var (_, events, next) = await updates.GetAsync(1, Patience, CancellationToken.None);
        Assert.Equal([A], events);
        for (int i = 0; i < ExecutorLimits.MaxEnded; i++)
        {
            updates.End(new DynamicId.Vm($"{i}"));
        }

        (_, events, _) = await updates.GetAsync(0, Patience, CancellationToken.None);
        Assert.Equal(ExecutorLimits.MaxEnded, events.Length);
        Assert.DoesNotContain(A, events);
        updates.Add(new DynamicId.Vm("0"));
        updates.End(B);
        (_, events, _) = await updates.GetAsync(next, Patience, CancellationToken.None);
        Assert.Contains(new DynamicId.Vm("0"), events);
    }
}
