using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Toolstack.Hosting;
using Toolstack.Interop.Linux;
using Toolstack.XenSimulator.Contract;
using Toolstack.XenSimulator.Host;

namespace Toolstack.XenSimulator.Hypercalls;

/// <summary>The Unix socket on which the hypercalls are served: a connection a client, one call after the other on each.</summary>
internal sealed class HypercallServer(string path, SimulatedHost host, FaultTable faults, IFaultTargets targets, ILogger logger) : IDisposable
{
    private const int Backlog = 256;
    private readonly Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private int connections;

    /// <summary>Raises <see cref="ConfigurationException"/> when nobody can listen there.</summary>
    public void Listen()
    {
        UnixSocketFile.Bind(listener, path);
        listener.Listen(Backlog);
        Log.Listening(logger, path);
    }

    public async Task RunAsync(CancellationToken stop)
    {
        using var ended = stop.Register(listener.Dispose);
        while (!stop.IsCancellationRequested)
        {
            try
            {
                var client = await listener.AcceptAsync(stop).ConfigureAwait(false);
                _ = ServeAsync(client, stop);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                if (stop.IsCancellationRequested)
                {
                    return;
                }

                Log.CannotAccept(logger, error.Message);
                await Task.Delay(TimeSpan.FromMilliseconds(100), stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    public void Dispose()
    {
        listener.Dispose();
        File.Delete(path);
    }

    /// <summary>Owns one connection: classifies why it ends.</summary>
    private async Task ServeAsync(Socket client, CancellationToken stop)
    {
        using var socket = client;
        using var calls = new Hypercalls(host, faults, targets);
        var server = new HypercallsServer(calls, (method, error) => Log.CallFailed(logger, method, error));
        try
        {
            if (Interlocked.Increment(ref connections) > HypercallLimits.MaxConnections)
            {
                Log.TooManyConnections(logger, HypercallLimits.MaxConnections);
                return;
            }

            await ServeCallsAsync(socket, calls, server, stop).ConfigureAwait(false);
        }
        catch (Exception error) when (error is SocketException or HypervisorError or InvalidDataException or OperationCanceledException)
        {
            Log.ConnectionEnded(logger, error.Message);
        }
        finally
        {
            Interlocked.Decrement(ref connections);
        }
    }

    private static async Task ServeCallsAsync(Socket socket, Hypercalls calls, HypercallsServer server, CancellationToken stop)
    {
        var header = new byte[HypercallFrame.HeaderBytes];
        while (await FillAsync(socket, header, stop).ConfigureAwait(false))
        {
            var request = new byte[HypercallFrame.ReadLength(header)];
            if (!await FillAsync(socket, request, stop).ConfigureAwait(false))
            {
                return;
            }

            calls.Descriptors.Clear();
            var reply = await server.HandleAsync(request, stop).ConfigureAwait(false);
            UnixRights.Send(socket, HypercallFrame.Write(reply.Span), calls.Descriptors.ToArray());
        }
    }

    /// <summary>False at the end of the stream before the first byte; raises <see cref="InvalidDataException"/> inside.</summary>
    private static async ValueTask<bool> FillAsync(Socket socket, Memory<byte> target, CancellationToken stop)
    {
        var filled = 0;
        while (filled < target.Length)
        {
            var count = await socket.ReceiveAsync(target[filled..], stop).ConfigureAwait(false);
            if (count == 0)
            {
                return filled == 0 ? false : throw new InvalidDataException("the client closed the connection inside a frame");
            }

            filled += count;
        }

        return true;
    }
}
