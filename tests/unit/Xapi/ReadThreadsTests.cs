using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Http;
using Xunit;

namespace Toolstack.Tests.Xapi;

public class ReadThreadsTests
{
    [Fact]
    public async Task ClientsTakeTurnsHoweverMuchOneAsksFor()
    {
        var reads = new ReadThreads(1);
        List<string> order = [];
        using var hold = new ManualResetEventSlim();
        Task first = ReadAsync(reads, "first", order, hold);
        Task[] busy = [.. Enumerable.Range(0, 100).Select(_ => ReadAsync(reads, "busy", order))];
        Task other = ReadAsync(reads, "other", order);
        hold.Set();
        await Task.WhenAll([first, other, .. busy]);
        Assert.Equal(["first", "busy", "other", "busy"], order[..4]);
        Assert.Equal(102, order.Count);
    }

    [Fact]
    public async Task AClientsReadsAreBounded()
    {
        var reads = new ReadThreads(1);
        List<string> order = [];
        using var hold = new ManualResetEventSlim();
        using var held = new ManualResetEventSlim();
        Task first = ReadAsync(reads, "first", order, hold, held);
        held.Wait(TestContext.Current.CancellationToken);
        Task[] waiting = [.. Enumerable.Range(0, HttpLimits.MaxWaitingReads).Select(_ => ReadAsync(reads, "a", order))];
        Assert.True(reads.IsFull("a"));
        Assert.False(reads.IsFull("b"));
        Task other = ReadAsync(reads, "b", order);
        hold.Set();
        await Task.WhenAll([first, other, .. waiting]);
    }

    [Fact]
    public async Task NoMoreThreadsThanWereGiven()
    {
        var reads = new ReadThreads(2);
        HashSet<int> threads = [];
        await Task.WhenAll(Enumerable.Range(0, 200).Select(async number =>
        {
            await reads.TurnOf($"client {number % 7}");
            lock (threads)
            {
                threads.Add(Environment.CurrentManagedThreadId);
            }
        }));
        Assert.InRange(threads.Count, 1, 2);
    }

    [Fact]
    public void AClientIsItsSession() =>
        Assert.Equal("s", ReadThreads.ClientOf(ImmutableArray.Create<Value>(new Value.Text("s"), new Value.Text("x"))));

    private static async Task ReadAsync(ReadThreads reads, string client, List<string> order, ManualResetEventSlim? hold = null, ManualResetEventSlim? held = null)
    {
        await reads.TurnOf(client);
        held?.Set();
        hold?.Wait(TestContext.Current.CancellationToken);
        lock (order)
        {
            order.Add(client);
        }
    }
}
