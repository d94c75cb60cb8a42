using Toolstack.Idl.MessagePack;

namespace Toolstack.Idl.Queue;

/// <summary>A reply of a queue interface: MessagePack <c>{result}</c> or <c>{error}</c>.</summary>
public readonly record struct QueueReply(Value? Result, Value? Error)
{
    /// <exception cref="WireFormatException">Not of a reply's shape.</exception>
    public static QueueReply Parse(ReadOnlyMemory<byte> reply)
    {
        if (MessagePackValueReader.Parse(reply) is Value.Struct members)
        {
            if (members.Find("error") is { } error and not Value.Nil)
            {
                return new QueueReply(null, error);
            }

            if (members.Find("result") is { } result)
            {
                return new QueueReply(result, null);
            }
        }

        throw new WireFormatException("a reply with neither result nor error", 0);
    }
}
