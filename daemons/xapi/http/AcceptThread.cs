using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Toolstack.Xapi.Http;

/// <summary>
/// Accepts the connections of every listener and waits for their first bytes, which decide between HTTP and hand-over.
/// One thread with poll(2) rather than asynchronous sockets: once a socket has been waited for asynchronously, the runtime's epoll set
/// keeps its description, and each segment of a migration stream would go on waking this process after the descriptor was given away.
/// </summary>
internal sealed class AcceptThread : IDisposable
{
    private readonly Lock gate = new();
    private readonly List<Listener> listeners = [];
    private readonly List<Silent> silent = [];
    private readonly Socket wake;
    private readonly ILogger logger;
    private readonly Action<Socket> handOver;
    private Thread? thread;
    private volatile bool stopping;
    private int undecided;

    private sealed record Listener(Socket Socket, Func<Socket, bool> Serve);

    private sealed record Silent(Socket Socket, Listener Owner, long Since);

    /// <summary><paramref name="handOver"/> takes ownership of the socket and returns without waiting.</summary>
    internal AcceptThread(Action<Socket> handOver, ILogger logger)
    {
        this.handOver = handOver;
        this.logger = logger;

        // A datagram socket connected to itself: the kernel drops datagrams from anyone else.
        wake = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        wake.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        wake.Connect(wake.LocalEndPoint!);
    }

    /// <summary>Serves a listening socket from now on. <paramref name="serve"/> takes ownership of connections; false when it cannot take more.</summary>
    internal void Add(Socket listening, Func<Socket, bool> serve)
    {
        lock (gate)
        {
            listeners.Add(new Listener(listening, serve));
            if (thread is null)
            {
                thread = new Thread(Run) { IsBackground = true, Name = "accept" };
                thread.Start();
            }
        }

        Wake();
    }

    /// <summary>Stops serving a listening socket; it is the caller's to close.</summary>
    internal void Remove(Socket listening)
    {
        lock (gate)
        {
            listeners.RemoveAll(l => l.Socket == listening);
        }

        Wake();
    }

    public void Dispose()
    {
        stopping = true;
        Wake();
        thread?.Join(HttpLimits.FirstHeadDeadline);
        wake.Dispose();
    }

    private void Wake()
    {
        try
        {
            wake.Send([1], SocketFlags.None);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // A full buffer wakes as well; a closed one has nobody to wake.
        }
    }

    private void Run()
    {
        var ready = new List<Socket>();
        var drain = new byte[64];
        while (!stopping)
        {
            Listener[] serving;
            lock (gate)
            {
                serving = [.. listeners];
            }

            ready.Clear();
            ready.Add(wake);
            ready.AddRange(serving.Select(static l => l.Socket));
            ready.AddRange(silent.Select(static s => s.Socket));
            if (!Wait(ready))
            {
                continue;
            }

            if (ready.Contains(wake))
            {
                wake.Receive(drain);
            }

            LookAtSilent(ready);
            foreach (Listener listener in serving.Where(l => ready.Contains(l.Socket)))
            {
                Accept(listener);
            }
        }

        foreach (Silent connection in silent)
        {
            connection.Socket.Dispose();
        }
    }

    private bool Wait(List<Socket> ready)
    {
        try
        {
            Socket.Select(ready, null, null, silent.Count == 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(1));
            return true;
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // A listener was closed between the list and the wait; the next round's list is without it.
            return false;
        }
    }

    private void LookAtSilent(List<Socket> ready)
    {
        for (int i = silent.Count - 1; i >= 0; i--)
        {
            Silent connection = silent[i];
            if (ready.Contains(connection.Socket))
            {
                silent.RemoveAt(i);
                Route(connection.Socket, connection.Owner, connection.Since);
            }
            else if (Stopwatch.GetElapsedTime(connection.Since) > HttpLimits.FirstHeadDeadline)
            {
                silent.RemoveAt(i);
                connection.Socket.Dispose();
            }
        }
    }

    private void Accept(Listener listener)
    {
        // Bounded, so that one busy listener does not keep the others waiting.
        for (int i = 0; i < 64; i++)
        {
            Socket socket;
            try
            {
                // The listener stays in blocking mode, because accepted sockets take theirs from it and a descriptor is given away as it
                // is; poll says when accepting does not wait.
                if (!listener.Socket.Poll(0, SelectMode.SelectRead))
                {
                    return;
                }

                socket = listener.Socket.Accept();
            }
            catch (SocketException error)
            {
                if (error.SocketErrorCode is SocketError.TooManyOpenSockets)
                {
                    Log.AcceptFailed(logger, error.Message);
                    Thread.Sleep(100);
                }

                return;
            }
            catch (ObjectDisposedException)
            {
                return;
            }

            if (socket.Poll(0, SelectMode.SelectRead))
            {
                Route(socket, listener, Stopwatch.GetTimestamp());
                continue;
            }

            if (silent.Count >= HttpLimits.MaxSilentConnections)
            {
                silent[0].Socket.Dispose();
                silent.RemoveAt(0);
            }

            silent.Add(new Silent(socket, listener, Stopwatch.GetTimestamp()));
        }
    }

    private void Route(Socket socket, Listener owner, long since)
    {
        switch (Peek(socket))
        {
            case FirstBytes.Http when owner.Serve(socket):
                break;
            case FirstBytes.HandOver:
                handOver(socket);
                break;
            case FirstBytes.Undecided when Interlocked.Increment(ref undecided) <= HttpLimits.MaxUndecided:
                _ = WaitForMoreAsync(socket, owner, since);
                break;
            case FirstBytes.Undecided:
                Interlocked.Decrement(ref undecided);
                socket.Dispose();
                break;
            default:
                socket.Dispose();
                break;
        }
    }

    /// <summary>A first segment that ends inside the prefix is rare; poll(2) cannot wait for more than one byte, so it is looked at again by the clock.</summary>
    private async Task WaitForMoreAsync(Socket socket, Listener owner, long since)
    {
        while (!stopping && Stopwatch.GetElapsedTime(since) < HttpLimits.FirstHeadDeadline)
        {
            await Task.Delay(10).ConfigureAwait(false);
            if (Peek(socket) is not FirstBytes.Undecided)
            {
                Interlocked.Decrement(ref undecided);
                Route(socket, owner, since);
                return;
            }
        }

        Interlocked.Decrement(ref undecided);
        socket.Dispose();
    }

    /// <summary>Null when the connection has ended.</summary>
    private static FirstBytes? Peek(Socket socket)
    {
        Span<byte> bytes = stackalloc byte[32];
        try
        {
            int count = socket.Receive(bytes, SocketFlags.Peek);
            return count == 0 ? null : FirstBytesExtensions.Judge(bytes[..count]);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            return null;
        }
    }
}
