using System.Buffers;
using System.Collections.Immutable;
using MessagePack;

namespace Toolstack.Idl.MessagePack;

/// <summary>Reads MessagePack into a <see cref="Value"/>: nil, booleans, integers of 64 bits, floats, text, arrays and maps with text keys.</summary>
public static class MessagePackValueReader
{
    /// <exception cref="WireFormatException">No such document, or more than one, or one beyond <see cref="WireLimits"/>.</exception>
    public static Value Parse(ReadOnlyMemory<byte> document)
    {
        if (document.Length > WireLimits.MaxDocumentBytes)
        {
            throw new WireFormatException($"document over {nameof(WireLimits.MaxDocumentBytes)} ({WireLimits.MaxDocumentBytes})", 0);
        }

        MessagePackReader reader = new(document);
        try
        {
            int budget = WireLimits.MaxValues;
            Value value = Read(ref reader, 0, ref budget);
            return reader.End ? value : throw new WireFormatException("expected the end of the document", reader.Consumed);
        }
        catch (Exception e) when (e is MessagePackSerializationException or EndOfStreamException or OverflowException)
        {
            throw new WireFormatException("malformed MessagePack", reader.Consumed, e);
        }
    }

    private static Value Read(ref MessagePackReader reader, int depth, ref int budget)
    {
        if (--budget < 0)
        {
            throw new WireFormatException($"values over {nameof(WireLimits.MaxValues)} ({WireLimits.MaxValues})", reader.Consumed);
        }

        switch (reader.NextMessagePackType)
        {
            case MessagePackType.Nil:
                reader.ReadNil();
                return Value.Nil.Instance;
            case MessagePackType.Boolean: return new Value.Bool(reader.ReadBoolean());
            case MessagePackType.Integer: return new Value.Int(reader.ReadInt64());
            case MessagePackType.Float: return new Value.Float(reader.ReadDouble());
            case MessagePackType.String: return new Value.Text(reader.ReadString()!);
            case MessagePackType.Array: return ReadArray(ref reader, Deeper(depth, ref reader), ref budget);
            case MessagePackType.Map: return ReadStruct(ref reader, Deeper(depth, ref reader), ref budget);
            default: throw new WireFormatException("binary and extension values are not used", reader.Consumed);
        }
    }

    private static int Deeper(int depth, ref MessagePackReader reader) => depth < WireLimits.MaxDepth
        ? depth + 1
        : throw new WireFormatException($"nesting over {nameof(WireLimits.MaxDepth)} ({WireLimits.MaxDepth})", reader.Consumed);

    private static Value.Array ReadArray(ref MessagePackReader reader, int depth, ref int budget)
    {
        // The reader has checked that so many bytes follow; the builder grows with what is really there all the same.
        int count = reader.ReadArrayHeader();
        ImmutableArray<Value>.Builder items = ImmutableArray.CreateBuilder<Value>();
        for (int i = 0; i < count; i++)
        {
            items.Add(Read(ref reader, depth, ref budget));
        }

        return new Value.Array(items.DrainToImmutable());
    }

    private static Value.Struct ReadStruct(ref MessagePackReader reader, int depth, ref int budget)
    {
        int count = reader.ReadMapHeader();
        ImmutableArray<KeyValuePair<string, Value>>.Builder members = ImmutableArray.CreateBuilder<KeyValuePair<string, Value>>();
        for (int i = 0; i < count; i++)
        {
            string name = reader.ReadString() ?? throw new WireFormatException("a member without a name", reader.Consumed);
            members.Add(new(name, Read(ref reader, depth, ref budget)));
        }

        return new Value.Struct(members.DrainToImmutable());
    }
}
