using System.Buffers;
using System.Collections.Immutable;
using System.Text;

namespace Toolstack.Idl.XmlRpc;

/// <summary>
/// XenAPI calls and responses as XML-RPC documents. A response is always one struct with <c>Status</c>, and <c>Value</c> or
/// <c>ErrorDescription</c>; an XML-RPC fault is never sent.
/// </summary>
public static class XmlRpcEnvelope
{
    /// <summary>The content type, exactly: clients compare it whole.</summary>
    public const string ContentType = "text/xml";

    public static void WriteCall(IBufferWriter<byte> output, string method, params ReadOnlySpan<Value> parameters)
    {
        output.Write("<?xml version=\"1.0\"?><methodCall><methodName>"u8);
        XmlRpcWriter.WriteEscaped(output, method);
        output.Write("</methodName><params>"u8);
        XmlRpcWriter writer = new(output);
        foreach (Value parameter in parameters)
        {
            output.Write("<param>"u8);
            writer.Dynamic(parameter);
            output.Write("</param>"u8);
        }

        output.Write("</params></methodCall>"u8);
    }

    public static void WriteSuccess(IBufferWriter<byte> output, Action<ValueWriter> result) => WriteResponse(output, w =>
    {
        w.BeginStruct(2);
        w.Member("Status");
        w.String("Success");
        w.Member("Value");
        result(w);
        w.EndStruct();
    });

    /// <summary>The same a part at a time, as the result is enumerated.</summary>
    public static IEnumerable<int> SuccessParts(IBufferWriter<byte> output, MessageResult result)
    {
        XmlRpcWriter writer = new(output);
        output.Write("<?xml version=\"1.0\"?><methodResponse><params><param>"u8);
        writer.BeginStruct(2);
        writer.Member("Status");
        writer.String("Success");
        writer.Member("Value");
        foreach (int part in result.Parts(writer))
        {
            yield return part;
        }

        writer.EndStruct();
        output.Write("</param></params></methodResponse>"u8);
    }

    public static void WriteFailure(IBufferWriter<byte> output, string code, ImmutableArray<string> parameters) => WriteResponse(output, w =>
    {
        w.BeginStruct(2);
        w.Member("Status");
        w.String("Failure");
        w.Member("ErrorDescription");
        w.BeginArray(1 + parameters.Length);
        w.String(code);
        foreach (string parameter in parameters)
        {
            w.String(parameter);
        }

        w.EndArray();
        w.EndStruct();
    });

    /// <summary>A response whose value stands without the Status struct (<c>system.listMethods</c>).</summary>
    public static void WriteBare(IBufferWriter<byte> output, Action<ValueWriter> result) => WriteResponse(output, result);

    /// <summary>The <c>&lt;value&gt;</c> element as text: the result of a finished task.</summary>
    public static string WriteValue(Action<ValueWriter> result)
    {
        ArrayBufferWriter<byte> output = new();
        result(new XmlRpcWriter(output));
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    /// <exception cref="WireFormatException">No <c>&lt;value&gt;</c> element.</exception>
    public static Value ParseValue(string text) => new XmlRpcReader(Encoding.UTF8.GetBytes(text)).Single();

    /// <exception cref="WireFormatException">No methodCall document.</exception>
    /// <exception cref="XenApiError">INVALID_VALUE: a string that is no UTF-8.</exception>
    public static (string Method, ImmutableArray<Value> Params) ParseCall(ReadOnlySpan<byte> document) => new XmlRpcReader(document).Call();

    /// <summary>The result of a call: the <c>Value</c> of a success, or the bare value when there is no Status struct.</summary>
    /// <exception cref="XenApiError">The response is a failure.</exception>
    /// <exception cref="WireFormatException">No methodResponse document, a fault, or a Status that is neither Success nor Failure.</exception>
    public static Value ParseResponse(ReadOnlySpan<byte> document)
    {
        Value response = new XmlRpcReader(document).Response();
        if (response is not Value.Struct envelope || envelope.Find("Status") is not Value.Text status)
        {
            return response;
        }

        switch (status.Content)
        {
            case "Success":
                return envelope.Find("Value") ?? Value.Empty;
            case "Failure" when envelope.Find("ErrorDescription") is Value.Array { Items: [Value.Text code, .. ImmutableArray<Value> parameters] }:
                throw new XenApiError(code.Content, [.. parameters.Select(p => p is Value.Text t ? t.Content : p.ToString())]);
            default:
                throw new WireFormatException($"response with Status \"{status.Content}\"", document.Length);
        }
    }

    private static void WriteResponse(IBufferWriter<byte> output, Action<ValueWriter> value)
    {
        output.Write("<?xml version=\"1.0\"?><methodResponse><params><param>"u8);
        value(new XmlRpcWriter(output));
        output.Write("</param></params></methodResponse>"u8);
    }
}
