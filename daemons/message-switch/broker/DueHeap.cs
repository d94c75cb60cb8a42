namespace Toolstack.MessageSwitch;

/// <summary>Waiting messages by the time their waiting ends, soonest first. A binary heap that messages know their place in, so that
/// one can leave in O(log n): most leave long before they are due.</summary>
internal sealed class DueHeap
{
    private readonly List<BrokerMessage> heap = [];

    /// <summary>The soonest time, or null when nothing waits.</summary>
    internal long? Next => heap.Count == 0 ? null : heap[0].Due;

    /// <summary>Adds a message, or moves it to another time.</summary>
    internal void Set(BrokerMessage message, long due)
    {
        message.Due = due;
        if (message.HeapIndex < 0)
        {
            message.HeapIndex = heap.Count;
            heap.Add(message);
        }

        Down(Up(message.HeapIndex));
    }

    /// <summary>Takes a message out; nothing happens when it is not in.</summary>
    internal void Remove(BrokerMessage message)
    {
        var hole = message.HeapIndex;
        if (hole < 0)
        {
            return;
        }

        message.HeapIndex = -1;
        var last = heap[^1];
        heap.RemoveAt(heap.Count - 1);
        if (last != message)
        {
            Place(last, hole);
            Down(Up(hole));
        }
    }

    /// <summary>The soonest message if it is due by <paramref name="now"/>; it stays in.</summary>
    internal BrokerMessage? DueBy(long now) => heap.Count > 0 && heap[0].Due <= now ? heap[0] : null;

    private int Up(int index)
    {
        var message = heap[index];
        while (index > 0 && heap[(index - 1) / 2] is var parent && parent.Due > message.Due)
        {
            Place(parent, index);
            index = (index - 1) / 2;
        }

        Place(message, index);
        return index;
    }

    private void Down(int index)
    {
        var message = heap[index];
        while ((index * 2) + 1 < heap.Count)
        {
            var child = (index * 2) + 1;
            if (child + 1 < heap.Count && heap[child + 1].Due < heap[child].Due)
            {
                child++;
            }

            if (heap[child].Due >= message.Due)
            {
                break;
            }

            Place(heap[child], index);
            index = child;
        }

        Place(message, index);
    }

    private void Place(BrokerMessage message, int index)
    {
        heap[index] = message;
        message.HeapIndex = index;
    }
}
