namespace Toolstack.Xapi.Http;

/// <summary>
/// Room for the large bodies that are received or worked on at a time, so that their number does not decide how much memory the daemon takes. Twice the
/// largest body in all, and once for one client (an address), so that one that sends slowly does not keep the others from sending. Whoever
/// finds no room waits in line; those behind who fit may go first.
/// </summary>
internal sealed class BodyBudget(long largest)
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, long> taken = new(StringComparer.Ordinal);
    private readonly LinkedList<Place> waiting = [];
    private long free = 2 * largest;

    internal long Largest => largest;

    /// <summary>The bodies that wait for room.</summary>
    internal int Waiting
    {
        get
        {
            lock (gate)
            {
                return waiting.Count;
            }
        }
    }

    /// <summary>Room for a body of <paramref name="bytes"/>, or for the largest when that is null, until the result is disposed. Raises
    /// <see cref="HttpRefusal"/> when there is none within <paramref name="deadline"/>.</summary>
    internal async ValueTask<IDisposable> TakeAsync(string client, long? bytes, TimeSpan deadline, CancellationToken cancel)
    {
        var place = new Place(this, client, Math.Min(bytes ?? largest, largest));
        lock (gate)
        {
            if (TryEnter(place))
            {
                return place;
            }

            waiting.AddLast(place);
        }

        try
        {
            await place.Turn.Task.WaitAsync(deadline, cancel).ConfigureAwait(false);
            return place;
        }
        catch (Exception error) when (error is TimeoutException or OperationCanceledException)
        {
            // Out of line, or out of the room that it was given in the last moment.
            place.Dispose();
            throw error is TimeoutException ? new HttpRefusal(503, "too many large requests at a time", error) : error;
        }
    }

    /// <summary>Under the lock.</summary>
    private bool TryEnter(Place place)
    {
        long held = taken.GetValueOrDefault(place.Client);
        if (place.Bytes > free || held + place.Bytes > largest)
        {
            return false;
        }

        free -= place.Bytes;
        taken[place.Client] = held + place.Bytes;
        place.Entered = true;
        return true;
    }

    private void Leave(Place place)
    {
        List<Place> admitted = [];
        lock (gate)
        {
            if (!place.Entered)
            {
                waiting.Remove(place);
                return;
            }

            place.Entered = false;
            free += place.Bytes;
            if ((taken[place.Client] -= place.Bytes) == 0)
            {
                taken.Remove(place.Client);
            }

            for (LinkedListNode<Place>? node = waiting.First; node is not null;)
            {
                LinkedListNode<Place>? next = node.Next;
                if (TryEnter(node.Value))
                {
                    waiting.Remove(node);
                    admitted.Add(node.Value);
                }

                node = next;
            }
        }

        admitted.ForEach(static p => p.Turn.TrySetResult());
    }

    private sealed class Place(BodyBudget budget, string client, long bytes) : IDisposable
    {
        internal string Client => client;

        internal long Bytes => bytes;

        /// <summary>Under the budget's lock.</summary>
        internal bool Entered { get; set; }

        internal TaskCompletionSource Turn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Dispose() => budget.Leave(this);
    }
}
