using System.Collections.Immutable;
using System.Globalization;

namespace Toolstack.Idl.XmlRpc;

/// <summary>Reads XML-RPC documents. An untyped value is text; which of text, integer or date it means is decided where its type is known.</summary>
internal ref struct XmlRpcReader(ReadOnlySpan<byte> document)
{
    private XmlScanner xml = new(document);
    private int values;

    public (string Method, ImmutableArray<Value> Parameters) Call()
    {
        xml.Open("methodCall"u8, out bool empty);
        if (empty)
        {
            throw xml.Error("expected <methodName>");
        }

        string method = Leaf("methodName"u8).Trim();
        ImmutableArray<Value> parameters = xml.AtOpen() ? Parameters() : [];
        xml.Close("methodCall"u8);
        End();
        return (method, parameters);
    }

    /// <summary>The single value of a response. WireFormatException for a fault, which no XenAPI server sends.</summary>
    public Value Response()
    {
        xml.Open("methodResponse"u8, out bool empty);
        int start = xml.Offset;
        ImmutableArray<Value> parameters = empty ? [] : Parameters();
        if (parameters.Length != 1)
        {
            throw new WireFormatException($"expected one value in the response, found {parameters.Length}", start);
        }

        xml.Close("methodResponse"u8);
        End();
        return parameters[0];
    }

    /// <summary>A document that is one <c>&lt;value&gt;</c>, as in the result of a task.</summary>
    public Value Single()
    {
        Value value = ReadValue(0);
        End();
        return value;
    }

    private void End()
    {
        if (!xml.AtEnd())
        {
            throw xml.Error("expected the end of the document");
        }
    }

    private ImmutableArray<Value> Parameters()
    {
        int start = xml.Offset;
        ReadOnlySpan<byte> name = xml.Open(out bool none);
        if (name.SequenceEqual("fault"u8))
        {
            throw new WireFormatException("the peer answered with an XML-RPC fault", start);
        }

        if (!name.SequenceEqual("params"u8))
        {
            throw new WireFormatException("expected <params>", start);
        }

        ImmutableArray<Value>.Builder parameters = ImmutableArray.CreateBuilder<Value>();
        while (!none && xml.AtOpen())
        {
            if (parameters.Count == WireLimits.MaxParameters)
            {
                throw xml.Error($"parameters over {nameof(WireLimits.MaxParameters)} ({WireLimits.MaxParameters})");
            }

            xml.Open("param"u8, out bool empty);
            if (empty)
            {
                parameters.Add(Value.Empty);
                continue;
            }

            parameters.Add(ReadValue(0));
            xml.Close("param"u8);
        }

        if (!none)
        {
            xml.Close("params"u8);
        }

        return parameters.DrainToImmutable();
    }

    private Value ReadValue(int depth)
    {
        if (++values > WireLimits.MaxValues)
        {
            throw xml.Error($"values over {nameof(WireLimits.MaxValues)} ({WireLimits.MaxValues})");
        }

        xml.Open("value"u8, out bool empty);
        if (empty)
        {
            return Value.Empty;
        }

        string text = xml.Text();
        if (!xml.AtOpen())
        {
            xml.Close("value"u8);
            return text.Length == 0 ? Value.Empty : new Value.Text(text);
        }

        if (!string.IsNullOrWhiteSpace(text))
        {
            throw xml.Error("text beside an element inside <value>");
        }

        Value value = Typed(depth);
        xml.Close("value"u8);
        return value;
    }

    private Value Typed(int depth)
    {
        int start = xml.Offset;
        ReadOnlySpan<byte> type = xml.Open(out bool empty);
        if (type.SequenceEqual("struct"u8))
        {
            return empty ? new Value.Struct([]) : Struct(Deeper(depth));
        }

        if (type.SequenceEqual("array"u8))
        {
            return empty ? new Value.Array([]) : Array(Deeper(depth));
        }

        string text = empty ? "" : xml.Text();
        if (!empty)
        {
            xml.Close(type);
        }

        if (type.SequenceEqual("string"u8))
        {
            return new Value.Text(text);
        }

        if (type.SequenceEqual("boolean"u8))
        {
            return new Value.Bool(text.AsSpan().Trim() is "1");
        }

        if (type.SequenceEqual("int"u8) || type.SequenceEqual("i4"u8) || type.SequenceEqual("i8"u8))
        {
            return long.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out long number)
                ? new Value.Int(number)
                : throw new WireFormatException($"\"{text}\" is no integer", start);
        }

        if (type.SequenceEqual("double"u8))
        {
            return new Value.Float(Float(text.Trim()) ?? throw new WireFormatException($"\"{text}\" is no float", start));
        }

        // A date that is none is an error of the argument, which its reader reports, not of the document.
        return type.SequenceEqual("dateTime.iso8601"u8) ? Date(text)
            : type.SequenceEqual("nil"u8) ? Value.Nil.Instance
            : throw new WireFormatException("unknown type element inside <value>", start);
    }

    private static Value Date(string text) => WireDate.TryParse(text.Trim(), out DateTimeOffset date) ? new Value.Date(date) : new Value.Text(text);

    private static double? Float(string text) => text switch
    {
        "inf" or "+inf" => double.PositiveInfinity,
        "-inf" => double.NegativeInfinity,
        "nan" or "-nan" => double.NaN,
        _ => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? number : null,
    };

    private readonly int Deeper(int depth) =>
        depth < WireLimits.MaxDepth ? depth + 1 : throw xml.Error($"nesting over {nameof(WireLimits.MaxDepth)} ({WireLimits.MaxDepth})");

    private Value.Array Array(int depth)
    {
        ImmutableArray<Value>.Builder items = ImmutableArray.CreateBuilder<Value>();
        if (xml.AtOpen())
        {
            xml.Open("data"u8, out bool none);
            while (!none && xml.AtOpen())
            {
                items.Add(ReadValue(depth));
            }

            if (!none)
            {
                xml.Close("data"u8);
            }
        }

        xml.Close("array"u8);
        return new Value.Array(items.DrainToImmutable());
    }

    private Value.Struct Struct(int depth)
    {
        ImmutableArray<KeyValuePair<string, Value>>.Builder members = ImmutableArray.CreateBuilder<KeyValuePair<string, Value>>();
        while (xml.AtOpen())
        {
            xml.Open("member"u8, out bool empty);
            if (empty)
            {
                throw xml.Error("expected <name>");
            }

            string name = Leaf("name"u8);
            Value value = xml.AtOpen() ? ReadValue(depth) : Value.Empty;
            members.Add(new(name, value));
            xml.Close("member"u8);
        }

        xml.Close("struct"u8);
        return new Value.Struct(members.DrainToImmutable());
    }

    private string Leaf(ReadOnlySpan<byte> name)
    {
        xml.Open(name, out bool empty);
        if (empty)
        {
            return "";
        }

        string text = xml.Text();
        xml.Close(name);
        return text;
    }
}
