using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Http;
using Xunit;

namespace Toolstack.Tests.Xapi;

public class FairGateTests
{
    [Fact]
    public async Task ClientsTakeTurnsHoweverMuchOneAsksFor()
    {
        var gate = new FairGate(1);
        await gate.EnterAsync("busy");
        Task[] busy = [.. Enumerable.Range(0, 100).Select(_ => gate.EnterAsync("busy").AsTask())];
        Task other = gate.EnterAsync("other").AsTask();
        gate.Leave();
        await busy[0];
        Assert.False(other.IsCompleted);
        gate.Leave();
        await other;
        Assert.False(busy[1].IsCompleted);
        for (int i = 1; i < busy.Length; i++)
        {
            gate.Leave();
            await busy[i];
        }

        gate.Leave();
        Assert.True(gate.EnterAsync("late").AsTask().IsCompletedSuccessfully);
    }

    [Fact]
    public async Task AClientsReadsAreBounded()
    {
        var gate = new FairGate(1);
        await gate.EnterAsync("a");
        Task[] waiting = [.. Enumerable.Range(0, HttpLimits.MaxWaitingReads).Select(_ => gate.EnterAsync("a").AsTask())];
        Assert.Equal("TOO_MANY_PENDING_TASKS", (await Assert.ThrowsAsync<XenApiError>(() => gate.EnterAsync("a").AsTask())).Code);
        Task other = gate.EnterAsync("b").AsTask();
        foreach (Task task in waiting)
        {
            gate.Leave();
            await Task.WhenAny(task, other);
        }

        gate.Leave();
        await Task.WhenAll(waiting.Append(other));
    }

    [Fact]
    public void AClientIsItsSession() =>
        Assert.Equal("s", FairGate.ClientOf(ImmutableArray.Create<Value>(new Value.Text("s"), new Value.Text("x"))));
}
