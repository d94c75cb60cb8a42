using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Toolstack.Interop.Linux;

namespace Toolstack.Xapi.Http.Transport;

/// <summary>
/// The threads that HTTP's connections are read and written by. Each sleeps in the kernel until one connection is ready, and goes on with
/// that connection itself: what came is parsed, run and answered by the thread that the kernel woke, and no other has to wake up for it.
/// A call that waits gives its thread back; one that computes holds up one thread of several. Safe for any thread.
/// </summary>
internal sealed class ConnectionThreads : IDisposable
{
    /// <summary>The key of the descriptor that ends the threads.</summary>
    private const long EndKey = 0;

    private readonly Epoll sockets = new();
    private readonly ConcurrentDictionary<long, SocketReadiness> watched = new();
    private readonly Thread[] threads;
    private long lastKey = EndKey;

    internal ConnectionThreads(int count)
    {
        threads = [.. Enumerable.Range(0, count).Select(index => new Thread(Run) { IsBackground = true, Name = $"http {index}" })];
        Array.ForEach(threads, static thread => thread.Start());
    }

    /// <summary>Watches a socket, held open by the caller until <see cref="Remove"/>, for nothing yet but its end. Raises
    /// <see cref="HypervisorError"/>.</summary>
    internal long Add(SafeHandle socket, SocketReadiness target, Readiness wanted)
    {
        long key = Interlocked.Increment(ref lastKey);
        watched[key] = target;
        sockets.AddOnce(socket, key, wanted);
        return key;
    }

    internal void Again(SafeHandle socket, long key, Readiness wanted) => sockets.Again(socket, key, wanted);

    internal void Remove(SafeHandle socket, long key)
    {
        if (watched.TryRemove(key, out _))
        {
            sockets.Remove(socket);
        }
    }

    public void Dispose()
    {
        // A socket that was never connected is ready from the start and for good, so every thread sees it.
        using var end = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        sockets.Add(end.SafeHandle, EndKey, Readiness.Read);
        foreach (Thread thread in threads)
        {
            if (thread != Thread.CurrentThread)
            {
                thread.Join(HttpLimits.CloseDeadline);
            }
        }

        sockets.Dispose();
    }

    private void Run()
    {
        while (true)
        {
            (long key, Readiness ready) = sockets.WaitOne();
            if (key == EndKey)
            {
                return;
            }

            if (watched.TryGetValue(key, out SocketReadiness? target))
            {
                target.Ready(ready);
            }
        }
    }
}
