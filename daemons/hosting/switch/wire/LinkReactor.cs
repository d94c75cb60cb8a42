using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Toolstack.Interop.Linux;

namespace Toolstack.Hosting.Switch.Wire;

/// <summary>Something that is told when its socket is ready. Called by the one thread of <see cref="LinkReactor"/>: it does as much as can be
/// done at once, never waits, and never runs code of a user of this library.</summary>
internal interface IReadinessTarget
{
    void Ready(Readiness ready);
}

/// <summary>The one thread of a process that waits for the sockets of the native protocol. Each socket that is ready is given one turn of
/// bounded length before any of them gets another, so that a peer that never stops sending delays the others by one turn, not for good.
/// A frame is handled where its arrival is noticed: no other thread has to wake up for it. Idle, it sleeps in the kernel.</summary>
internal static class LinkReactor
{
    private static readonly Epoll Sockets = new();
    private static readonly ConcurrentDictionary<long, IReadinessTarget> Targets = new();
    private static long lastKey;

    static LinkReactor()
    {
        var thread = new Thread(Run) { IsBackground = true, Name = "switch links" };
        thread.Start();
    }

    /// <summary>Watches a socket, held open by the caller until <see cref="Remove"/>. The key names it from here on. Raises
    /// <see cref="HypervisorError"/>.</summary>
    internal static long Add(SafeHandle handle, IReadinessTarget target, Readiness wanted)
    {
        var key = Interlocked.Increment(ref lastKey);
        Targets[key] = target;
        try
        {
            Sockets.Add(handle, key, wanted);
            return key;
        }
        catch
        {
            Targets.TryRemove(key, out _);
            throw;
        }
    }

    internal static void Change(SafeHandle handle, long key, Readiness wanted) => Sockets.Change(handle, key, wanted);

    internal static void Remove(SafeHandle handle, long key)
    {
        if (Targets.TryRemove(key, out _))
        {
            Sockets.Remove(handle);
        }
    }

    /// <summary>Completes when something came on a socket, or its end. Raises <see cref="TimeoutException"/>,
    /// <see cref="OperationCanceledException"/> and <see cref="HypervisorError"/>.</summary>
    internal static async Task WaitReadableAsync(Socket socket, TimeSpan deadline, CancellationToken cancel)
    {
        var handle = socket.SafeHandle;
        var wait = new ReadableWait();
        var key = Add(handle, wait, Readiness.Read);
        try
        {
            await wait.Task.WaitAsync(deadline, cancel).ConfigureAwait(false);
        }
        finally
        {
            Remove(handle, key);
        }
    }

    private static void Run()
    {
        var ready = new List<(long Key, Readiness Ready)>();
        while (true)
        {
            ready.Clear();
            Sockets.Wait(ready);
            foreach (var (key, what) in ready)
            {
                if (Targets.TryGetValue(key, out var target))
                {
                    target.Ready(what);
                }
            }
        }
    }

    private sealed class ReadableWait : IReadinessTarget
    {
        private readonly TaskCompletionSource readable = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal Task Task => readable.Task;

        void IReadinessTarget.Ready(Readiness ready) => readable.TrySetResult();
    }
}
