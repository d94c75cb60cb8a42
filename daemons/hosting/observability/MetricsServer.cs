using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Toolstack.Hosting;

/// <summary>Answers GET /metrics on a Unix socket, one request a connection. Costs nothing until asked.</summary>
internal sealed class MetricsServer : IAsyncDisposable
{
    private static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(100);

    private readonly string path;
    private readonly Func<string> page;
    private readonly ILogger logger;
    private readonly Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly SemaphoreSlim places = new(HostingLimits.MaxMetricsReaders, HostingLimits.MaxMetricsReaders);
    private readonly CancellationTokenSource stopping = new();
    private readonly Task serving;

    /// <summary>Listens. Raises <see cref="ConfigurationException"/> when the path cannot be had.</summary>
    internal MetricsServer(string path, Func<string> page, ILogger logger)
    {
        this.path = path;
        this.page = page;
        this.logger = logger;
        UnixSocketFile.Bind(listener, path);
        listener.Listen();
        serving = Task.Run(RunAsync);
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync().ConfigureAwait(false);
        listener.Dispose();
        File.Delete(path);
        await serving.ConfigureAwait(false);
        stopping.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                await places.WaitAsync(stopping.Token).ConfigureAwait(false);
                _ = ServeAsync(await AcceptAsync().ConfigureAwait(false));
            }
        }
        catch (OperationCanceledException)
        {
            // The readers under way end with their deadline or with the process.
            for (var reader = 1; reader < HostingLimits.MaxMetricsReaders; reader++)
            {
                await places.WaitAsync(HostingLimits.MetricsDeadline).ConfigureAwait(false);
            }
        }
    }

    private async Task<Socket> AcceptAsync()
    {
        while (true)
        {
            try
            {
                return await listener.AcceptAsync(stopping.Token).ConfigureAwait(false);
            }
            catch (SocketException error)
            {
                Log.MetricsNotAccepted(logger, error.Message);
                await Task.Delay(AcceptPause, stopping.Token).ConfigureAwait(false);
            }
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token);
        limit.CancelAfter(HostingLimits.MetricsDeadline);
        try
        {
            using var own = socket;
            var asked = await RequestLineAsync(socket, limit.Token).ConfigureAwait(false);
            var (status, body) = asked.StartsWith("GET /metrics ", StringComparison.Ordinal) ? ("200 OK", page()) : ("404 Not Found", "");
            var bytes = Encoding.UTF8.GetBytes(body);
            var head = string.Create(CultureInfo.InvariantCulture,
                $"HTTP/1.1 {status}\r\nContent-Type: {MetricsText.ContentType}\r\nContent-Length: {bytes.Length}\r\nConnection: close\r\n\r\n");
            ReadOnlyMemory<byte> answer = (byte[])[.. Encoding.ASCII.GetBytes(head), .. bytes];
            while (!answer.IsEmpty)
            {
                answer = answer[await socket.SendAsync(answer, SocketFlags.None, limit.Token).ConfigureAwait(false)..];
            }

            socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException)
        {
            // A reader that went away or is too slow asks again.
        }
        catch (Exception error) // the loop that owns the connection: a room that cannot tell its part is named, the daemon goes on
        {
            Log.MetricsFailed(logger, error);
        }
        finally
        {
            places.Release();
        }
    }

    /// <summary>The first line of the request, whose head is read to its end; empty when there is none within the limits.</summary>
    private static async Task<string> RequestLineAsync(Socket socket, CancellationToken cancel)
    {
        var buffer = new byte[HostingLimits.MaxMetricsRequestBytes];
        var length = 0;
        while (length < buffer.Length)
        {
            var count = await socket.ReceiveAsync(buffer.AsMemory(length), SocketFlags.None, cancel).ConfigureAwait(false);
            length += count;
            var end = buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8);
            if (end >= 0)
            {
                return Encoding.Latin1.GetString(buffer, 0, length).Split("\r\n")[0];
            }

            if (count == 0)
            {
                break;
            }
        }

        return "";
    }
}
