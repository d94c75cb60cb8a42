using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;

namespace Toolstack.Xapi.Http.Transport;

/// <summary>A connection as the HTTP server takes it: two pipes, and two loops that carry them over whatever leads to the client. Reading ahead tells when the
/// client leaves while its call still runs.</summary>
internal abstract class PipedConnection : DefaultConnectionContext, IDuplexPipe
{
    private readonly Pipe input;
    private readonly Pipe output;
    private readonly WatchedReader incoming;
    private readonly CancellationTokenSource closed = new();
    private Task sending = Task.CompletedTask;
    private Task receiving = Task.CompletedTask;

    protected PipedConnection(PipeOptions options)
    {
        (input, output) = (new Pipe(options), new Pipe(options));
        incoming = new WatchedReader(input.Reader);
        ConnectionClosed = closed.Token;
        Transport = this;
    }

    PipeReader IDuplexPipe.Input => incoming;

    PipeWriter IDuplexPipe.Output => output.Writer;

    /// <summary>Sends what is left and closes. The server has completed both pipes by then.</summary>
    public override async ValueTask DisposeAsync()
    {
        await output.Writer.CompleteAsync().ConfigureAwait(false);
        try
        {
            await sending.WaitAsync(HttpLimits.CloseDeadline).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // A client that does not read what it asked for is cut off.
        }

        await CloseAsync().ConfigureAwait(false);
        await incoming.CompleteAsync().ConfigureAwait(false);
        await receiving.ConfigureAwait(false);
        await sending.ConfigureAwait(false);
        closed.Dispose();
        await base.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Pipes whose filler goes on as their reader, in room of so many bytes at a time.</summary>
    protected static PipeOptions Options(int segmentBytes) => new(
        readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.Inline, minimumSegmentSize: segmentBytes,
        pauseWriterThreshold: HttpLimits.ReadAheadBytes, resumeWriterThreshold: HttpLimits.ReadAheadBytes / 2, useSynchronizationContext: false);

    /// <summary>Begins both loops: the last step of making a connection.</summary>
    protected void Start()
    {
        receiving = ReceiveAsync();
        sending = SendAsync();
    }

    /// <summary>Waits for bytes and puts them into the pipe: how many, 0 when the client says that it ends, less when it is gone.</summary>
    protected abstract ValueTask<int> ReceiveAsync(PipeWriter writer);

    /// <summary>False when the client is gone.</summary>
    protected abstract ValueTask<bool> SendAsync(ReadOnlySequence<byte> bytes);

    /// <summary>Tells the client that nothing more comes.</summary>
    protected abstract ValueTask ShutdownAsync();

    /// <summary>Closes what leads to the client; both loops end.</summary>
    protected abstract ValueTask CloseAsync();

    /// <summary>Whether a failure of a loop is the connection's end: the client is gone, or this side has closed.</summary>
    protected abstract bool IsEnd(Exception error);

    /// <summary>Stops waiting for what is to be sent.</summary>
    protected void EndSending() => output.Reader.CancelPendingRead();

    private async Task ReceiveAsync()
    {
        PipeWriter writer = input.Writer;
        try
        {
            FlushResult flushed = default;
            for (long received = 0; !flushed.IsCompleted;)
            {
                int count = await ReceiveAsync(writer).ConfigureAwait(false);
                if (count <= 0)
                {
                    // A client that says that it ends is heard to the end; one that is gone is not.
                    await (count == 0 ? incoming.ExaminedAsync(received) : Task.CompletedTask).ConfigureAwait(false);
                    break;
                }

                received += count;
                flushed = await writer.FlushAsync().ConfigureAwait(false);
            }
        }
        catch (Exception error) when (IsEnd(error))
        {
            // Nothing is left to be read.
        }

        await writer.CompleteAsync().ConfigureAwait(false);
        await closed.CancelAsync().ConfigureAwait(false);
    }

    private async Task SendAsync()
    {
        PipeReader reader = output.Reader;
        try
        {
            while (true)
            {
                ReadResult result = await reader.ReadAsync().ConfigureAwait(false);
                if (result.IsCanceled || !await SendAsync(result.Buffer).ConfigureAwait(false))
                {
                    break;
                }

                reader.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted)
                {
                    await ShutdownAsync().ConfigureAwait(false);
                    break;
                }
            }
        }
        catch (Exception error) when (IsEnd(error))
        {
            // Nobody is left to read it.
        }

        await reader.CompleteAsync().ConfigureAwait(false);
    }
}
