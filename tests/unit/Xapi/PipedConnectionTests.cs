using System.Buffers;
using System.IO.Pipelines;
using Toolstack.Xapi.Http.Transport;
using Xunit;

namespace Toolstack.Tests.Xapi;

public sealed class PipedConnectionTests
{
    private const int Bytes = 10;

    /// <summary>The server takes an end that comes with bytes for a body that was cut, and drops them.</summary>
    [Fact]
    public async Task TheEndIsToldAfterAllThatCameBeforeIt()
    {
        await using Line line = new(last: 0);
        PipeReader reader = line.Transport.Input;
        ReadResult result = await reader.ReadAsync(TestContext.Current.CancellationToken);
        Assert.Equal((Bytes, false, false), ((int)result.Buffer.Length, result.IsCompleted, line.ConnectionClosed.IsCancellationRequested));
        reader.AdvanceTo(result.Buffer.End);
        result = await reader.ReadAsync(TestContext.Current.CancellationToken);
        Assert.Equal((0, true), ((int)result.Buffer.Length, result.IsCompleted));
        await reader.CompleteAsync();
    }

    [Fact]
    public async Task AClientThatIsGoneIsNotHeardToTheEnd()
    {
        await using Line line = new(last: -1);
        ReadResult result = await line.Transport.Input.ReadAsync(TestContext.Current.CancellationToken);
        Assert.Equal((true, true), (result.IsCompleted, line.ConnectionClosed.IsCancellationRequested));
        await line.Transport.Input.CompleteAsync();
    }

    /// <summary>Sends some bytes, and then ends as it is told to.</summary>
    private sealed class Line : PipedConnection
    {
        private readonly int last;
        private bool sent;

        internal Line(int last)
            : base(Options(Bytes))
        {
            this.last = last;
            Start();
        }

        protected override ValueTask<int> ReceiveAsync(PipeWriter writer)
        {
            if (sent)
            {
                return ValueTask.FromResult(last);
            }

            writer.Write(new byte[Bytes]);
            sent = true;
            return ValueTask.FromResult(Bytes);
        }

        protected override ValueTask<bool> SendAsync(ReadOnlySequence<byte> bytes) => ValueTask.FromResult(true);

        protected override ValueTask ShutdownAsync() => ValueTask.CompletedTask;

        protected override ValueTask CloseAsync() => ValueTask.CompletedTask;

        protected override bool IsEnd(Exception error) => false;
    }
}
