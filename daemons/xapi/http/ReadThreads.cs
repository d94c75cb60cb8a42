using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Toolstack.Idl;
using Toolstack.Interop.Linux;

namespace Toolstack.Xapi.Http;

/// <summary>
/// The threads and the order of long reads, which take processor time only. There are as many threads as are given, and they give way to all
/// others of the daemon, so that whoever lists everything by the thousand does not hold up a login, or the start of a VM, on its many short
/// steps. Reads that wait go in turn by client (its session), not by arrival: another client's read is delayed by one turn for each client
/// before it. Threads start when there is something to read and end when there has been nothing for a while. Safe for any thread.
/// </summary>
internal sealed class ReadThreads(int most)
{
    private readonly object gate = new();
    private readonly Dictionary<string, Queue<Action>> waiting = new(StringComparer.Ordinal);
    private readonly Queue<string> turns = new();
    private int running;

    /// <summary>Whether the client has <see cref="HttpLimits.MaxWaitingReads"/> waiting, and one more is too many.</summary>
    internal bool IsFull(string client)
    {
        lock (gate)
        {
            return waiting.TryGetValue(client, out Queue<Action>? own) && own.Count >= HttpLimits.MaxWaitingReads;
        }
    }

    /// <summary>Awaited, goes on in one of the threads when it is the client's turn; the turn ends with the next wait.</summary>
    internal Turn TurnOf(string client) => new(this, client);

    /// <summary>Never complete at once: what follows the wait never runs in the thread of the waiter.</summary>
    internal readonly struct Turn(ReadThreads threads, string client) : ICriticalNotifyCompletion
    {
        public bool IsCompleted => false;

        public Turn GetAwaiter() => this;

        public void GetResult()
        {
            // There is nothing to tell.
        }

        public void OnCompleted(Action continuation) => threads.Add(client, continuation);

        public void UnsafeOnCompleted(Action continuation) => threads.Add(client, continuation);
    }

    private void Add(string client, Action read)
    {
        bool starts;
        lock (gate)
        {
            if (!waiting.TryGetValue(client, out Queue<Action>? own))
            {
                waiting.Add(client, own = new Queue<Action>());
                turns.Enqueue(client);
            }

            own.Enqueue(read);
            starts = running < most;
            running += starts ? 1 : 0;
            Monitor.Pulse(gate);
        }

        if (starts)
        {
            new Thread(Run) { IsBackground = true, Name = "reads" }.Start();
        }
    }

    /// <summary>Whose turn a call is: that of its session.</summary>
    internal static string ClientOf(ImmutableArray<Value> parameters) => parameters is [Value.Text session, ..] ? session.Content : "";

    private void Run()
    {
        ThreadShare.GiveWay();
        while (Next() is { } read)
        {
            read();
        }
    }

    /// <summary>The next client's oldest read; null when there has been none for a while, and the thread ends.</summary>
    private Action? Next()
    {
        lock (gate)
        {
            while (turns.Count == 0)
            {
                if (!Monitor.Wait(gate, HttpLimits.ReadThreadIdle) && turns.Count == 0)
                {
                    running--;
                    return null;
                }
            }

            string client = turns.Dequeue();
            Queue<Action> own = waiting[client];
            Action next = own.Dequeue();
            if (own.Count > 0)
            {
                turns.Enqueue(client);
            }
            else
            {
                waiting.Remove(client);
            }

            return next;
        }
    }
}
