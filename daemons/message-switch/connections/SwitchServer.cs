using System.Collections.Concurrent;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Toolstack.Hosting;
using Toolstack.Hosting.Switch.Wire;
using Toolstack.Interop.Linux;

namespace Toolstack.MessageSwitch;

/// <summary>The listening socket of the switch and the connections it accepted.</summary>
internal sealed class SwitchServer : IAsyncDisposable
{
    private const int Backlog = 1024;
    private static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(100);

    private readonly Settings settings;
    private readonly ILogger logger;
    private readonly Turns turns;
    private Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly ConcurrentDictionary<Socket, Task> connections = new();
    private readonly Func<Socket, PeerIdentity> identify;
    private readonly CancellationTokenSource shutdown = new();
    private bool listening;

    /// <param name="settings">The configuration.</param>
    /// <param name="logger">Where to log.</param>
    /// <param name="identify">Who is at the other end of a connection; null asks the kernel.</param>
    internal SwitchServer(Settings settings, ILogger logger, Func<Socket, PeerIdentity>? identify = null)
    {
        this.identify = identify ?? PeerIdentity.Of;
        this.settings = settings;
        this.logger = logger;
        turns = new Turns(settings, logger);
    }

    /// <summary>Makes the socket, with its configured owner and mode, in place of one that nobody listens on any more; or takes the one that
    /// the service manager made, whose path, owner and mode are its own matter. Raises <see cref="ConfigurationException"/> when that is not
    /// possible, or when another switch listens there.</summary>
    internal void Listen(Socket? activated = null)
    {
        if (activated is null)
        {
            UnixSocketFile.Bind(listener, settings.Path, settings.Access.Apply);
            listener.Listen(Backlog);
            listening = true;
        }
        else
        {
            listener.Dispose();
            listener = activated;
        }

        Log.Listening(logger, activated is null ? settings.Path : $"{activated.LocalEndPoint} (from the service manager)", turns.Incarnation);
    }

    /// <summary>The switch's page for Prometheus.</summary>
    internal void WriteMetrics(MetricsText page)
    {
        page.Gauge("switch_connections", "Connected clients.", connections.Count);
        turns.Run(broker =>
        {
            page.Counter("switch_requests_total", "Requests accepted.", broker.Trace.Requests);
            page.Counter("switch_responses_total", "Responses accepted.", broker.Trace.Responses);
            page.Counter("switch_deliveries_total", "Messages given to consumers.", broker.Trace.Deliveries);
            page.Counter("switch_acknowledgements_total", "Messages acknowledged.", broker.Trace.Acknowledgements);
            page.Counter("switch_failures_total", "Messages that ended undelivered.", broker.Trace.Failed);
            page.Counter("switch_dropped_replies_total", "Replies without room for them.", broker.DroppedReplies);
            var queues = broker.Statuses;
            Each("switch_queue_waiting", "Messages that wait in a queue.", queue => queue.Waiting);
            Each("switch_queue_unacknowledged", "Messages taken and not acknowledged.", queue => queue.Unacknowledged);
            Each("switch_queue_bytes", "Payload bytes in a queue.", queue => queue.Bytes);
            Each("switch_queue_consumers", "Consumers of a queue.", queue => queue.Consumers);
            return true;

            void Each(string name, string help, Func<QueueStatus, long> value) =>
                page.Gauge(name, help, "queue", queues.Select(queue => (queue.Name, (double)value(queue))));
        });
    }

    /// <summary>Accepts and serves until <paramref name="asked"/> or until root asks for the end; then ends every connection.</summary>
    internal async Task RunAsync(CancellationToken asked)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(asked, shutdown.Token);
        var stopping = ending.Token;
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                var socket = await listener.AcceptAsync(stopping).ConfigureAwait(false);
                Serve(socket, stopping);
            }
            catch (SocketException error)
            {
                // Out of descriptors, or a client that left while it queued: neither is a reason to stop, nor to spin.
                Log.CannotAccept(logger, error.Message);
                await Task.Delay(AcceptPause, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException)
            {
                break;
            }
        }

        await Task.WhenAll(connections.Values).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        listener.Dispose();
        if (listening)
        {
            File.Delete(settings.Path);
        }

        await Task.WhenAll(connections.Values).ConfigureAwait(false);
        await turns.DisposeAsync().ConfigureAwait(false);
        shutdown.Dispose();
    }

    private void Serve(Socket socket, CancellationToken stopping)
    {
        if (connections.Count >= SwitchLimits.MaxClients)
        {
            Log.TooManyClients(logger, SwitchLimits.MaxClients);
            socket.Dispose();
            return;
        }

        var registered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        connections[socket] = ServeAsync(socket, registered.Task, stopping); // which disposes it
        registered.SetResult();
    }

    private async Task ServeAsync(Socket socket, Task registered, CancellationToken stopping)
    {
        using var own = socket;
        await registered.ConfigureAwait(false);
        if (await OpenAsync(socket, stopping).ConfigureAwait(false) is { } peer)
        {
            using (peer)
            {
                await peer.RunAsync(stopping).ConfigureAwait(false);
            }
        }

        connections.TryRemove(socket, out _);
    }

    /// <summary>Tells the two protocols apart by the first byte: a method of HTTP is letters, the length of a native frame begins with 0 or 1.
    /// Null when nothing comes, or who connected cannot be told or may not.</summary>
    private async Task<ISwitchPeer?> OpenAsync(Socket socket, CancellationToken stopping)
    {
        try
        {
            var identity = identify(socket);
            if (!settings.AllowedUsers.Allows(identity))
            {
                Log.UserRefused(logger, identity.Process, identity.User);
                return null;
            }

            return await LinkProtocol.FirstByteAsync(socket, stopping).ConfigureAwait(false) switch
            {
                null => null,
                { } first when char.IsAsciiLetter((char)first) => new CompatConnection(socket, turns, settings, identity, ShutDown, logger),
                _ => new ClientConnection(socket, turns, settings, identity, logger),
            };
        }
        catch (Exception error) when (error is SocketException or TimeoutException or OperationCanceledException or HypervisorError)
        {
            Log.SilentEnded(logger, error.Message);
            return null;
        }
    }

    private void ShutDown() => shutdown.CancelAfter(CompatLimits.ShutdownDelay);
}
