using System.Collections.Concurrent;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Toolstack.Hosting.Switch.Wire;

namespace Toolstack.MessageSwitch;

/// <summary>The listening socket of the switch and the connections it accepted.</summary>
internal sealed class SwitchServer : IAsyncDisposable
{
    private const int Backlog = 128;
    private static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(100);

    private readonly Settings settings;
    private readonly ILogger logger;
    private readonly Turns turns;
    private readonly Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly ConcurrentDictionary<ClientConnection, Task> connections = new();
    private bool listening;

    internal SwitchServer(Settings settings, ILogger logger)
    {
        this.settings = settings;
        this.logger = logger;
        turns = new Turns(settings, logger);
    }

    /// <summary>Makes the socket, for this user only, in place of one that nobody listens on any more. Raises <see cref="SocketException"/>
    /// or <see cref="IOException"/> when that is not possible, or when another switch listens there.</summary>
    internal void Listen()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(settings.Path)) ?? "/");
        RemoveStale(settings.Path);
        listener.Bind(new UnixDomainSocketEndPoint(settings.Path));

        // Nobody can connect before Listen, so there is no moment with a wider mode.
        File.SetUnixFileMode(settings.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        listener.Listen(Backlog);
        listening = true;
        Log.Listening(logger, settings.Path, turns.Incarnation);
    }

    /// <summary>Accepts and serves until <paramref name="stopping"/>; then ends every connection.</summary>
    internal async Task RunAsync(CancellationToken stopping)
    {
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
        turns.Dispose();
    }

    private void Serve(Socket socket, CancellationToken stopping)
    {
        if (connections.Count >= SwitchLimits.MaxClients)
        {
            Log.TooManyClients(logger, SwitchLimits.MaxClients);
            socket.Dispose();
            return;
        }

        var connection = new ClientConnection(socket, turns, logger);
        var registered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        connections[connection] = ServeAsync(connection, registered.Task, stopping); // which disposes it
        registered.SetResult();
    }

    private async Task ServeAsync(ClientConnection connection, Task registered, CancellationToken stopping)
    {
        using var own = connection;
        await registered.ConfigureAwait(false);
        await connection.RunAsync(stopping).ConfigureAwait(false);
        connections.TryRemove(connection, out _);
    }

    private static void RemoveStale(string path)
    {
        if (!File.Exists(path))
        {
            return;
        }

        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException error) when (error.SocketErrorCode is SocketError.ConnectionRefused or SocketError.AddressNotAvailable)
        {
            File.Delete(path);
            return;
        }

        throw new IOException($"{path}: another process listens there");
    }
}
