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
        await gate.EnterAsync("busy", mayRefuse: true);
        Task[] busy = [.. Enumerable.Range(0, 100).Select(_ => gate.EnterAsync("busy", mayRefuse: true).AsTask())];
        Task other = gate.EnterAsync("other", mayRefuse: true).AsTask();
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
        Assert.True(gate.EnterAsync("late", mayRefuse: true).AsTask().IsCompletedSuccessfully);
    }

    [Fact]
    public async Task AClientsReadsAreBounded()
    {
        var gate = new FairGate(1);
        await gate.EnterAsync("a", mayRefuse: true);
        Task[] waiting = [.. Enumerable.Range(0, HttpLimits.MaxWaitingReads).Select(_ => gate.EnterAsync("a", mayRefuse: true).AsTask())];
        Assert.False(await gate.EnterAsync("a", mayRefuse: true));
        Task other = gate.EnterAsync("b", mayRefuse: true).AsTask();
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
