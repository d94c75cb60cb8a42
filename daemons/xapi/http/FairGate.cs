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
    private readonly Dictionary<string, Queue<TaskCompletionSource>> waiting = new(StringComparer.Ordinal);
    private readonly Queue<string> turns = new();
    private int free = places;

    /// <summary>Ends when it is the client's turn; <see cref="Leave"/> must follow. Raises TOO_MANY_PENDING_TASKS when the client has more than
    /// <see cref="HttpLimits.MaxWaitingReads"/> waiting.</summary>
    internal ValueTask EnterAsync(string client)
    {
        lock (gate)
        {
            if (free > 0)
            {
                free--;
                return ValueTask.CompletedTask;
            }

            if (!waiting.TryGetValue(client, out Queue<TaskCompletionSource>? own))
            {
                waiting.Add(client, own = new Queue<TaskCompletionSource>());
                turns.Enqueue(client);
            }

            if (own.Count >= HttpLimits.MaxWaitingReads)
            {
                throw new XenApiError("TOO_MANY_PENDING_TASKS");
            }

            var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            own.Enqueue(turn);
            return new ValueTask(turn.Task);
        }
    }

    /// <summary>Passes the place on to the next client's oldest read.</summary>
    internal void Leave()
    {
        TaskCompletionSource next;
        lock (gate)
        {
            if (!turns.TryDequeue(out string? client))
            {
                free++;
                return;
            }

            Queue<TaskCompletionSource> own = waiting[client];
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

        next.SetResult();
    }

    /// <summary>Whose turn a call is: that of its session.</summary>
    internal static string ClientOf(ImmutableArray<Value> parameters) => parameters is [Value.Text session, ..] ? session.Content : "";
}
