using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Http;

/// <summary>
/// The order of reads, which take processor time only: as many at a time as there are processors, and those that wait go in turn by client
/// (its session), not by arrival. So whoever asks by the thousand delays another's read by one read for each client before it, and what is
/// no read, as a login or a shutdown, by none: it never waits here.
/// </summary>
internal sealed class FairGate(int places)
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, Queue<TaskCompletionSource<bool>>> waiting = new(StringComparer.Ordinal);
    private readonly Queue<string> turns = new();
    private int free = places;

    /// <summary>True when it is the client's turn; <see cref="Leave"/> must follow. False at once when it may be refused and the client has
    /// more than <see cref="HttpLimits.MaxWaitingReads"/> waiting.</summary>
    internal ValueTask<bool> EnterAsync(string client, bool mayRefuse)
    {
        lock (gate)
        {
            if (free > 0)
            {
                free--;
                return ValueTask.FromResult(true);
            }

            if (!waiting.TryGetValue(client, out Queue<TaskCompletionSource<bool>>? own))
            {
                waiting.Add(client, own = new Queue<TaskCompletionSource<bool>>());
                turns.Enqueue(client);
            }

            if (mayRefuse && own.Count >= HttpLimits.MaxWaitingReads)
            {
                return ValueTask.FromResult(false);
            }

            var turn = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
            own.Enqueue(turn);
            return new ValueTask<bool>(turn.Task);
        }
    }

    /// <summary>Passes the place on to the next client's oldest read.</summary>
    internal void Leave()
    {
        TaskCompletionSource<bool> next;
        lock (gate)
        {
            if (!turns.TryDequeue(out string? client))
            {
                free++;
                return;
            }

            Queue<TaskCompletionSource<bool>> own = waiting[client];
            next = own.Dequeue();
            if (own.Count > 0)
            {
                turns.Enqueue(client);
            }
            else
            {
                waiting.Remove(client);
            }
        }

        next.SetResult(true);
    }

    /// <summary>Whose turn a call is: that of its session.</summary>
    internal static string ClientOf(ImmutableArray<Value> parameters) => parameters is [Value.Text session, ..] ? session.Content : "";
}
