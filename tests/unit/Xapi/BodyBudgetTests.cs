using Toolstack.Xapi.Http;
using Xunit;

namespace Toolstack.Tests.Xapi;

/// <summary>Room for large bodies: twice the largest in all, once for each client, in turn for those who fit.</summary>
public class BodyBudgetTests
{
    private const long Largest = 100;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly BodyBudget budget = new(Largest);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task OneClientGetsNoMoreThanTheLargest()
    {
        using IDisposable first = await TakeAsync("a", 60);
        ValueTask<IDisposable> second = TakeAsync("a", 60);
        Assert.False(second.IsCompleted);
        // Others go past it.
        using (await TakeAsync("b", 100))
        {
            Assert.Equal(1, budget.Waiting);
        }

        first.Dispose();
        (await second).Dispose();
        Assert.Equal(0, budget.Waiting);
    }

    [Fact]
    public async Task AllTogetherGetTwiceTheLargestAndTheRestWaitsInTurn()
    {
        IDisposable a = await TakeAsync("a", 100);
        using IDisposable b = await TakeAsync("b", null);
        Task<IDisposable> c = TakeAsync("c", 70).AsTask();
        Task<IDisposable> d = TakeAsync("d", 70).AsTask();
        Task<IDisposable> e = TakeAsync("e", 30).AsTask();
        Assert.Equal(3, budget.Waiting);
        a.Dispose();
        (await c).Dispose();
        (await d).Dispose();
        (await e).Dispose();
        // Giving back twice makes no more room.
        a.Dispose();
        using IDisposable f = await TakeAsync("f", 100);
        Task<IDisposable> none = TakeAsync("g", 1).AsTask();
        Assert.False(none.IsCompleted);
        f.Dispose();
        (await none).Dispose();
    }

    [Fact]
    public async Task WhoWaitsTooLongIsRefusedAndLeavesTheLine()
    {
        using IDisposable a = await TakeAsync("a", 100);
        HttpRefusal refusal = await Assert.ThrowsAsync<HttpRefusal>(async () => await budget.TakeAsync("a", 1, TimeSpan.FromMilliseconds(1), Cancel));
        Assert.Equal((503, 0), (refusal.Status, budget.Waiting));
        using CancellationTokenSource gone = new();
        Task<IDisposable> left = budget.TakeAsync("a", 1, Patience, gone.Token).AsTask();
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        Assert.Equal(0, budget.Waiting);
    }

    private ValueTask<IDisposable> TakeAsync(string client, long? bytes) => budget.TakeAsync(client, bytes, Patience, Cancel);
}
