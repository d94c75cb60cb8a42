using System.IO.Pipelines;
using Toolstack.Xapi.Http.Transport;
using Xunit;

namespace Toolstack.Tests.Xapi;

public sealed class WatchedReaderTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Pipe pipe = new(new PipeOptions(minimumSegmentSize: 16));

    [Fact]
    public async Task TheWriterWaitsUntilAllHasBeenExamined()
    {
        WatchedReader reader = new(pipe.Reader);
        await pipe.Writer.WriteAsync(new byte[10], TestContext.Current.CancellationToken);
        await pipe.Writer.WriteAsync(new byte[30], TestContext.Current.CancellationToken);
        Task examined = reader.ExaminedAsync(40);
        ReadResult result = await reader.ReadAsync(TestContext.Current.CancellationToken);
        reader.AdvanceTo(result.Buffer.GetPosition(12), result.Buffer.GetPosition(39));
        Assert.False(examined.IsCompleted);
        Assert.True(reader.TryRead(out result));
        Assert.Equal(28, result.Buffer.Length);
        reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        await examined.WaitAsync(Patience, TestContext.Current.CancellationToken);
        await reader.ExaminedAsync(40).WaitAsync(Patience, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task AReaderThatReadsNoMoreIsNotWaitedFor()
    {
        WatchedReader reader = new(pipe.Reader);
        Task examined = reader.ExaminedAsync(1);
        Assert.False(examined.IsCompleted);
        await reader.CompleteAsync();
        await examined.WaitAsync(Patience, TestContext.Current.CancellationToken);
    }
}
