namespace Toolstack.MessageSwitch;

/// <summary>What the journal says, one change after another.</summary>
internal abstract record StoredRecord;

/// <summary>A persistent queue exists from here on.</summary>
internal sealed record QueueMade(string Queue) : StoredRecord;

/// <summary>The queue and all its messages are gone.</summary>
internal sealed record QueueGone(string Queue) : StoredRecord;

/// <summary>A message whose sender is told that it is kept. <paramref name="ReplyName"/> is null for a response to <paramref name="Answered"/>.</summary>
internal sealed record MessageKept(
    long Number, string Queue, string? ReplyName, RequestKey Answered, string Origin, ReadOnlyMemory<byte> Payload) : StoredRecord;

/// <summary>The message is done with.</summary>
internal sealed record MessageDone(string Queue, long Number) : StoredRecord;

/// <summary>Every number up to this may have been used.</summary>
internal sealed record NumbersUsed(long Last) : StoredRecord;

/// <summary>What a journal amounts to: persistent queues with the messages kept in them, by number.</summary>
internal sealed class StoredState
{
    internal Dictionary<string, SortedDictionary<long, MessageKept>> Queues { get; } = new(StringComparer.Ordinal);

    internal long LastNumber { get; private set; }

    internal void Apply(StoredRecord record)
    {
        switch (record)
        {
            case QueueMade made:
                Queues.TryAdd(made.Queue, []);
                break;
            case QueueGone gone:
                Queues.Remove(gone.Queue);
                break;
            case MessageKept kept:
                LastNumber = Math.Max(LastNumber, kept.Number);
                if (Queues.TryGetValue(kept.Queue, out var queue))
                {
                    queue[kept.Number] = kept;
                }

                break;
            case MessageDone done:
                if (Queues.TryGetValue(done.Queue, out var holder))
                {
                    holder.Remove(done.Number);
                }

                break;
            case NumbersUsed used:
                LastNumber = Math.Max(LastNumber, used.Last);
                break;
            default:
                throw new InvalidOperationException($"no effect of {record.GetType().Name}");
        }
    }
}
