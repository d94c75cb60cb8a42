namespace Toolstack.MessageSwitch;

/// <summary>Messages of one queue that were shown to clients that transfer, in the order of their numbers. They stay, and are shown again to
/// whoever asks with an older cursor, until one of those clients acknowledges.</summary>
internal sealed class ShownMessages
{
    private readonly LinkedList<BrokerMessage> line = new();
    private readonly Dictionary<long, BrokerMessage> byNumber = [];

    internal int Count => byNumber.Count;

    internal IEnumerable<BrokerMessage> All => line;

    internal BrokerMessage? Find(long number) => byNumber.GetValueOrDefault(number);

    internal void Add(BrokerMessage message)
    {
        byNumber.Add(message.Number, message);
        var before = line.Last;
        while (before is not null && before.Value.Number > message.Number)
        {
            before = before.Previous;
        }

        if (before is null)
        {
            line.AddFirst(message.Node);
        }
        else
        {
            line.AddAfter(before, message.Node);
        }
    }

    internal void Remove(BrokerMessage message)
    {
        byNumber.Remove(message.Number);
        line.Remove(message.Node);
    }

    /// <summary>Those after <paramref name="cursor"/>, youngest first; a client that follows has few, so this is short.</summary>
    internal IEnumerable<BrokerMessage> After(long cursor)
    {
        for (var node = line.Last; node is not null && node.Value.Number > cursor; node = node.Previous)
        {
            yield return node.Value;
        }
    }
}
