using System.IO.Pipelines;
using System.Net.Security;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;

namespace Toolstack.Xapi.Http.Tls;

/// <summary>A TLS connection as the HTTP server takes it: two pipes, and two loops that carry them over the stream. Reading ahead tells
/// when the client leaves while its call still runs.</summary>
internal sealed class TlsConnection : DefaultConnectionContext, IDuplexPipe
{
    private const int ReadAhead = 64 * 1024;

    /// <summary>Whoever fills a pipe goes on as its reader, as with connections without TLS.</summary>
    private static readonly PipeOptions Options = new(
        readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.Inline,
        pauseWriterThreshold: ReadAhead, resumeWriterThreshold: ReadAhead / 2, useSynchronizationContext: false);

    private readonly Pipe input = new(Options);
    private readonly Pipe output = new(Options);
    private readonly CancellationTokenSource closed = new();
    private readonly SslStream stream;
    private readonly Task sending;
    private readonly Task receiving;

    internal TlsConnection(Socket socket, SslStream stream, ReadOnlyMemory<byte> first)
    {
        this.stream = stream;
        socket.NoDelay = true;
        LocalEndPoint = socket.LocalEndPoint;
        RemoteEndPoint = socket.RemoteEndPoint;
        ConnectionClosed = closed.Token;
        Transport = this;
        receiving = ReceiveAsync(first);
        sending = SendAsync();
    }

    PipeReader IDuplexPipe.Input => input.Reader;

    PipeWriter IDuplexPipe.Output => output.Writer;

    public override void Abort(ConnectionAbortedException abortReason) => stream.Close();

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

        await stream.DisposeAsync().ConfigureAwait(false);
        await input.Reader.CompleteAsync().ConfigureAwait(false);
        await receiving.ConfigureAwait(false);
        closed.Dispose();
        await base.DisposeAsync().ConfigureAwait(false);
    }

    private async Task ReceiveAsync(ReadOnlyMemory<byte> first)
    {
        PipeWriter writer = input.Writer;
        try
        {
            FlushResult flushed = await writer.WriteAsync(first).ConfigureAwait(false);
            while (!flushed.IsCompleted)
            {
                int read = await stream.ReadAsync(writer.GetMemory(4096)).ConfigureAwait(false);
                if (read == 0)
                {
                    break;
                }

                writer.Advance(read);
                flushed = await writer.FlushAsync().ConfigureAwait(false);
            }
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // The client is gone, or this side closed the stream.
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
                foreach (ReadOnlyMemory<byte> segment in result.Buffer)
                {
                    await stream.WriteAsync(segment).ConfigureAwait(false);
                }

                reader.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted)
                {
                    await stream.ShutdownAsync().ConfigureAwait(false);
                    break;
                }
            }
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // The client is gone, or this side closed the stream.
        }

        await reader.CompleteAsync().ConfigureAwait(false);
    }
}
