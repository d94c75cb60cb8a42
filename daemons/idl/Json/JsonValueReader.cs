using System.Collections.Immutable;
using System.Text.Json;

namespace Toolstack.Idl.Json;

/// <summary>Reads JSON into a <see cref="Value"/>. Duplicate member names are kept; a number without point or exponent is an integer if it fits 64 bits.</summary>
public static class JsonValueReader
{
    private static readonly JsonReaderOptions Options = new() { MaxDepth = WireLimits.MaxDepth };

    /// <exception cref="WireFormatException">No JSON document, or more than one, or one beyond <see cref="WireLimits"/>.</exception>
    public static Value Parse(ReadOnlySpan<byte> document)
    {
        if (document.Length > WireLimits.MaxDocumentBytes)
        {
            throw new WireFormatException($"document over {nameof(WireLimits.MaxDocumentBytes)} ({WireLimits.MaxDocumentBytes})", 0);
        }

        Utf8JsonReader json = new(document, Options);
        try
        {
            json.Read();
            Value value = Read(ref json);
            return json.Read() ? throw new WireFormatException("expected the end of the document", json.BytesConsumed) : value;
        }
        catch (JsonException e)
        {
            throw new WireFormatException("malformed JSON", json.BytesConsumed, e);
        }
        catch (InvalidOperationException e)
        {
            // The reader's word for text that is no UTF-8 or has half a surrogate pair.
            throw new WireFormatException("malformed JSON text", json.BytesConsumed, e);
        }
    }

    /// <summary>Reads the value at which the reader stands and leaves the reader on its last token.</summary>
    public static Value Read(ref Utf8JsonReader json)
    {
        switch (json.TokenType)
        {
            case JsonTokenType.String: return new Value.Text(json.GetString()!);
            case JsonTokenType.Number: return json.TryGetInt64(out long number) ? new Value.Int(number) : new Value.Float(json.GetDouble());
            case JsonTokenType.True: return new Value.Bool(true);
            case JsonTokenType.False: return new Value.Bool(false);
            case JsonTokenType.StartArray: return ReadArray(ref json);
            case JsonTokenType.StartObject: return ReadStruct(ref json);
            default: return Value.Nil.Instance;
        }
    }

    private static Value.Array ReadArray(ref Utf8JsonReader json)
    {
        ImmutableArray<Value>.Builder items = ImmutableArray.CreateBuilder<Value>();
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
        {
            items.Add(Read(ref json));
        }

        return new Value.Array(items.DrainToImmutable());
    }

    private static Value.Struct ReadStruct(ref Utf8JsonReader json)
    {
        ImmutableArray<KeyValuePair<string, Value>>.Builder members = ImmutableArray.CreateBuilder<KeyValuePair<string, Value>>();
        while (json.Read() && json.TokenType != JsonTokenType.EndObject)
        {
            string name = json.GetString()!;
            json.Read();
            members.Add(new(name, Read(ref json)));
        }

        return new Value.Struct(members.DrainToImmutable());
    }
}
