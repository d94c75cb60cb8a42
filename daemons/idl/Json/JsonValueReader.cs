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
            int values = 0;
            Value value = Read(ref json, ref values);
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
    /// <exception cref="WireFormatException">More values than <see cref="WireLimits"/> allow.</exception>
    public static Value Read(ref Utf8JsonReader json)
    {
        int values = 0;
        return Read(ref json, ref values);
    }

    private static Value Read(ref Utf8JsonReader json, ref int values)
    {
        if (++values > WireLimits.MaxValues)
        {
            throw new WireFormatException($"values over {nameof(WireLimits.MaxValues)} ({WireLimits.MaxValues})", json.BytesConsumed);
        }

        switch (json.TokenType)
        {
            case JsonTokenType.String: return new Value.Text(json.GetString()!);
            case JsonTokenType.Number: return json.TryGetInt64(out long number) ? new Value.Int(number) : new Value.Float(json.GetDouble());
            case JsonTokenType.True: return new Value.Bool(true);
            case JsonTokenType.False: return new Value.Bool(false);
            case JsonTokenType.StartArray: return ReadArray(ref json, ref values);
            case JsonTokenType.StartObject: return ReadStruct(ref json, ref values);
            default: return Value.Nil.Instance;
        }
    }

    private static Value.Array ReadArray(ref Utf8JsonReader json, ref int values)
    {
        ImmutableArray<Value>.Builder items = ImmutableArray.CreateBuilder<Value>();
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
        {
            items.Add(Read(ref json, ref values));
        }

        return new Value.Array(items.DrainToImmutable());
    }

    private static Value.Struct ReadStruct(ref Utf8JsonReader json, ref int values)
    {
        ImmutableArray<KeyValuePair<string, Value>>.Builder members = ImmutableArray.CreateBuilder<KeyValuePair<string, Value>>();
        while (json.Read() && json.TokenType != JsonTokenType.EndObject)
        {
            string name = json.GetString()!;
            json.Read();
            members.Add(new(name, Read(ref json, ref values)));
        }

        return new Value.Struct(members.DrainToImmutable());
    }
}
