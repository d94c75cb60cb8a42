using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;
using Toolstack.MessageSwitch.Http;

namespace Toolstack.MessageSwitch;

/// <summary>Answers GET /metrics on a Unix socket of its own, in the text format of Prometheus (version 0.0.4). Costs nothing until asked.</summary>
internal sealed class MetricsServer(Settings settings, Turns turns, Func<int> connections, ILogger logger) : IDisposable
{
    private const int MaxReaders = 8;
    private const string ContentType = "text/plain; version=0.0.4";

    private readonly Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly ConcurrentDictionary<Socket, Task> readers = new();
    private bool listening;

    /// <summary>Makes the socket. Raises as <see cref="UnixListener.Listen"/>.</summary>
    internal void Listen()
    {
        UnixListener.Listen(listener, settings.MetricsPath, settings.Access);
        listening = true;
    }

    /// <summary>Serves until <paramref name="stopping"/>.</summary>
    internal async Task RunAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                var socket = await listener.AcceptAsync(stopping).ConfigureAwait(false);
                if (readers.Count >= MaxReaders)
                {
                    socket.Dispose();
                    continue;
                }

                var registered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                readers[socket] = ServeAsync(socket, registered.Task, stopping);
                registered.SetResult();
            }
            catch (SocketException error)
            {
                Log.CannotAccept(logger, error.Message);
                await Task.Delay(SwitchServer.AcceptPause, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException)
            {
                break;
            }
        }

        await Task.WhenAll(readers.Values).ConfigureAwait(false);
    }

    public void Dispose()
    {
        listener.Dispose();
        if (listening)
        {
            File.Delete(settings.MetricsPath);
        }
    }

    private async Task ServeAsync(Socket socket, Task registered, CancellationToken stopping)
    {
        await registered.ConfigureAwait(false);
        await new HttpConnection(socket, AnswerAsync).RunAsync(stopping).ConfigureAwait(false);
        readers.TryRemove(socket, out _);
    }

    private ValueTask<HttpAnswer> AnswerAsync(HttpRequest request, CancellationToken stopping) =>
        ValueTask.FromResult(request.Method == "GET" && request.Target.AsSpan().SequenceEqual("/metrics"u8)
            ? HttpAnswer.Text(Text()) with { Type = ContentType }
            : HttpAnswer.Failure(404, "Not found"));

    private string Text()
    {
        var text = new StringBuilder();
        var connected = connections();
        turns.Run(broker =>
        {
            One("switch_connections", "gauge", "Connected clients.", connected);
            One("switch_requests_total", "counter", "Requests accepted.", broker.Trace.Requests);
            One("switch_responses_total", "counter", "Responses accepted.", broker.Trace.Responses);
            One("switch_deliveries_total", "counter", "Messages given to consumers.", broker.Trace.Deliveries);
            One("switch_acknowledgements_total", "counter", "Messages acknowledged.", broker.Trace.Acknowledgements);
            One("switch_failures_total", "counter", "Messages that ended undelivered.", broker.Trace.Failed);
            One("switch_dropped_replies_total", "counter", "Replies without room for them.", broker.DroppedReplies);
            var queues = broker.Statuses;
            Each("switch_queue_waiting", "Messages that wait in a queue.", queue => queue.Waiting);
            Each("switch_queue_unacknowledged", "Messages taken and not acknowledged.", queue => queue.Unacknowledged);
            Each("switch_queue_bytes", "Payload bytes in a queue.", queue => queue.Bytes);
            Each("switch_queue_consumers", "Consumers of a queue.", queue => queue.Consumers);
            return true;

            void Each(string name, string help, Func<Toolstack.Hosting.Switch.Wire.QueueStatus, long> value)
            {
                Head(name, "gauge", help);
                foreach (var queue in queues)
                {
                    var label = queue.Name.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)
                        .Replace("\n", "\\n", StringComparison.Ordinal);
                    text.Append(CultureInfo.InvariantCulture, $"{name}{{queue=\"{label}\"}} {value(queue)}\n");
                }
            }
        });
        return text.ToString();

        void Head(string name, string type, string help) => text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {type}\n");

        void One(string name, string type, string help, long value)
        {
            Head(name, type, help);
            text.Append(CultureInfo.InvariantCulture, $"{name} {value}\n");
        }
    }
}
