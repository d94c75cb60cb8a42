using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Threading.Tasks.Sources;
using Toolstack.Interop.Linux;

namespace Toolstack.Xapi.Http.Transport;

/// <summary>Waits until one socket can be read or written; one wait of each kind at a time. Whoever waits goes on in the thread that the kernel woke.</summary>
internal sealed class SocketReadiness
{
    private readonly Lock gate = new();
    private readonly Wait read = new();
    private readonly Wait write = new();
    private readonly ConnectionThreads threads;
    private readonly SafeHandle socket;
    private Readiness wanted;
    private long key;
    private bool closed;

    internal SocketReadiness(ConnectionThreads threads, Socket socket)
    {
        this.threads = threads;
        this.socket = socket.SafeHandle;
    }

    /// <summary>False when <see cref="Close"/> came instead.</summary>
    internal ValueTask<bool> ReadableAsync() => WaitAsync(read, Readiness.Read);

    /// <summary>False when <see cref="Close"/> came instead.</summary>
    internal ValueTask<bool> WritableAsync() => WaitAsync(write, Readiness.Write);

    /// <summary>Ends every wait, now and later. To be called before the socket is closed.</summary>
    internal void Close()
    {
        Readiness ended;
        lock (gate)
        {
            if (closed)
            {
                return;
            }

            closed = true;
            (ended, wanted) = (wanted, Readiness.None);
            if (key != 0)
            {
                threads.Remove(socket, key);
            }
        }

        End(ended, ready: false);
    }

    /// <summary>The kernel's word, which is no more than a hint: nothing is lost by trying in vain.</summary>
    internal void Ready(Readiness ready)
    {
        Readiness ended;
        lock (gate)
        {
            ended = (ready & (Readiness.Error | Readiness.HangUp)) != 0 ? wanted : wanted & ready;
            wanted &= ~ended;
            if (wanted != Readiness.None)
            {
                threads.Again(socket, key, wanted);
            }
        }

        End(ended, ready: true);
    }

    private void End(Readiness ended, bool ready)
    {
        if ((ended & Readiness.Write) != 0)
        {
            write.End(ready);
        }

        if ((ended & Readiness.Read) != 0)
        {
            read.End(ready);
        }
    }

    private ValueTask<bool> WaitAsync(Wait wait, Readiness what)
    {
        lock (gate)
        {
            if (closed)
            {
                return ValueTask.FromResult(false);
            }

            ValueTask<bool> ended = wait.Begin();
            wanted |= what;
            if (key == 0)
            {
                key = threads.Add(socket, this, wanted);
            }
            else
            {
                threads.Again(socket, key, wanted);
            }

            return ended;
        }
    }

    private sealed class Wait : IValueTaskSource<bool>
    {
        private ManualResetValueTaskSourceCore<bool> core;

        internal ValueTask<bool> Begin()
        {
            core.Reset();
            return new ValueTask<bool>(this, core.Version);
        }

        internal void End(bool ready) => core.SetResult(ready);

        public bool GetResult(short token) => core.GetResult(token);

        public ValueTaskSourceStatus GetStatus(short token) => core.GetStatus(token);

        public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
            core.OnCompleted(continuation, state, token, flags);
    }
}
