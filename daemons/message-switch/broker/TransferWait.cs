namespace Toolstack.MessageSwitch;

/// <summary>A transfer that found nothing and waits. It is woken at most once, after the turn in which something came and by the thread that made
/// that turn: the answer goes out without another thread having to wake up for it.</summary>
internal sealed class TransferWait(IReadOnlyList<BrokerQueue> queues)
{
    private readonly TaskCompletionSource woken = new();

    internal IReadOnlyList<BrokerQueue> Queues { get; } = queues;

    internal Task Woken => woken.Task;

    /// <summary>Takes it out of the lists of its queues; in a turn.</summary>
    internal void Unwatch()
    {
        foreach (var queue in Queues)
        {
            queue.Watchers.Remove(this);
        }
    }

    /// <summary>Runs what waits for it; not in a turn.</summary>
    internal void Wake() => woken.TrySetResult();
}
