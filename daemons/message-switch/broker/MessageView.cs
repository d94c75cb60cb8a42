using Toolstack.Hosting.Switch;

namespace Toolstack.MessageSwitch;

/// <summary>A message as it was in some turn, to be written out after it: nothing in it changes or is given back.
/// <paramref name="ReplyName"/> is null for a response.</summary>
internal sealed record MessageView(string Queue, long Number, string? ReplyName, RequestKey Answered, SwitchErrorKind? Error,
    string Origin, long Arrived, ReadOnlyMemory<byte> Payload)
{
    /// <summary>The message now. Sealed memory is copied, inline bytes are shared.</summary>
    internal static MessageView Of(BrokerMessage message, bool withPayload = true)
    {
        var payload = withPayload ? message.Payload.Bytes : default;
        return message is BrokerResponse response
            ? new(message.Queue.Name, message.Number, null, response.Request, response.Error, message.Origin, message.Arrived, payload)
            : new(message.Queue.Name, message.Number, ((BrokerRequest)message).ReplyName, default, null, message.Origin, message.Arrived, payload);
    }
}

/// <summary>A queue with what it holds. <paramref name="NextTransfer"/> is when somebody is expected to transfer from it, in nanoseconds.</summary>
internal sealed record QueueView(string Name, bool Transient, long? NextTransfer, IReadOnlyList<MessageView> Contents);

/// <summary>What a transfer found: messages of so many payload bytes and the cursor after them, or nothing and what to wait for.</summary>
internal readonly record struct Transferred(IReadOnlyList<MessageView> Messages, long Next, TransferWait? Wait, long Bytes = 0);
