namespace Toolstack.MessageSwitch;

/// <summary>A transfer that found nothing and waits. It is woken at most once, outside the broker's turn.</summary>
internal sealed class TransferWait(IReadOnlyList<BrokerQueue> queues)
{
    private readonly TaskCompletionSource woken = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal IReadOnlyList<BrokerQueue> Queues { get; } = queues;

    internal Task Woken => woken.Task;

    internal void Wake() => woken.TrySetResult();
}
