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
    private const int StackBytes = 512 * 1024;
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
                new Thread(() => Serve(client, stop), StackBytes) { IsBackground = true, Name = "hypercalls" }.Start();
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

    /// <summary>Owns one connection: classifies why it ends. Its thread waits in the kernel for the next call, as the caller's does for the
    /// answer: a hypercall is two changes of threads and no more.</summary>
    private void Serve(Socket client, CancellationToken stop)
    {
        using var socket = client;
        using var ended = stop.UnsafeRegister(static connection => ((Socket)connection!).Dispose(), socket);
        using var calls = new Hypercalls(host, faults, targets);
        var server = new HypercallsServer(calls, (method, error) => Log.CallFailed(logger, method, error));
        try
        {
            if (Interlocked.Increment(ref connections) > HypercallLimits.MaxConnections)
            {
                Log.TooManyConnections(logger, HypercallLimits.MaxConnections);
                return;
            }

            ServeCalls(socket, calls, server, stop);
        }
        catch (Exception error) when (error is SocketException or HypervisorError or InvalidDataException or OperationCanceledException or ObjectDisposedException)
        {
            Log.ConnectionEnded(logger, error.Message);
        }
        finally
        {
            Interlocked.Decrement(ref connections);
        }
    }

    private static void ServeCalls(Socket socket, Hypercalls calls, HypercallsServer server, CancellationToken stop)
    {
        var room = new byte[HypercallFrame.UsualBytes];
        while (HypercallFrame.Read(room, target => socket.Receive(target)) is { } request)
        {
            calls.Descriptors.Clear();
            var reply = server.HandleAsync(request, stop).AsTask().GetAwaiter().GetResult();
            UnixRights.Send(socket, HypercallFrame.Write(reply.Span), calls.Descriptors.ToArray());
        }
    }
}
