using System.Buffers;
using MessagePack;
using Toolstack.Idl.Json;
using Toolstack.Idl.MessagePack;

namespace Toolstack.Idl.Queue;

/// <summary>
/// A request of a queue interface: MessagePack <c>{method, params: {name: value}}</c>, or the original JSON
/// <c>{"method", "params": [{name: value}], "id"}</c>, told apart by its first byte and answered in kind.
/// </summary>
public sealed class QueueRequest
{
    private readonly bool json;

    private QueueRequest(string method, Value.Struct parameters, bool json)
    {
        Method = method;
        Parameters = parameters;
        this.json = json;
    }

    public string Method { get; }

    public Value.Struct Parameters { get; }

    public static ReadOnlyMemory<byte> Write(string method, int count, Action<ValueWriter> parameters)
    {
        ArrayBufferWriter<byte> output = new();
        MessagePackValueWriter writer = new(output);
        writer.BeginStruct(2);
        writer.Member("method");
        writer.String(method);
        writer.Member("params");
        writer.BeginStruct(count);
        parameters(writer);
        writer.EndStruct();
        writer.EndStruct();
        return output.WrittenMemory;
    }

    /// <summary>The method of a request as <see cref="Write"/> makes it, without reading the rest; "request" where it is none of those.</summary>
    public static string MethodOf(ReadOnlyMemory<byte> request)
    {
        try
        {
            var reader = new MessagePackReader(request);
            return reader.TryReadMapHeader(out int members) && members == 2 && reader.ReadString() == "method" ? reader.ReadString() ?? "" : "request";
        }
        catch (Exception e) when (e is MessagePackSerializationException or EndOfStreamException)
        {
            return "request";
        }
    }

    /// <exception cref="WireFormatException">Neither encoding, or not of a request's shape.</exception>
    public static QueueRequest Parse(ReadOnlyMemory<byte> request)
    {
        bool json = IsJson(request);
        Value value = json ? JsonValueReader.Parse(request.Span) : MessagePackValueReader.Parse(request);
        if (value is not Value.Struct call || call.Find("method") is not Value.Text method)
        {
            throw new WireFormatException("a request without method", 0);
        }

        Value.Struct? parameters = call.Find("params") switch
        {
            Value.Struct named => named,
            Value.Array { Items: [Value.Struct named, ..] } => named,
            Value.Array { Items: [] } or Value.Nil or null => new Value.Struct([]),
            _ => null,
        };
        return new QueueRequest(method.Content, parameters ?? throw new WireFormatException("parameters without names", 0), json);
    }

    public ReadOnlyMemory<byte> Success(Action<ValueWriter> result) => Reply(json, result, null);

    public ReadOnlyMemory<byte> Failure(Action<ValueWriter> error) => Reply(json, null, error);

    /// <summary>The failure that stands for every error the interface does not declare.</summary>
    public ReadOnlyMemory<byte> InternalError(string text) => Failure(w => WriteInternalError(w, text));

    /// <summary>The answer to bytes that are no request.</summary>
    public static ReadOnlyMemory<byte> Malformed(ReadOnlyMemory<byte> request, WireFormatException problem) =>
        Reply(IsJson(request), null, w => WriteInternalError(w, problem.Message));

    private static bool IsJson(ReadOnlyMemory<byte> request) => !request.IsEmpty && request.Span[0] == '{';

    private static void WriteInternalError(ValueWriter writer, string text)
    {
        writer.BeginArray(2);
        writer.String("Internal_error");
        writer.String(text);
        writer.EndArray();
    }

    private static ReadOnlyMemory<byte> Reply(bool json, Action<ValueWriter>? result, Action<ValueWriter>? error)
    {
        ArrayBufferWriter<byte> output = new();
        if (json)
        {
            JsonValueWriter.Write(output, w => WriteJsonReply(w, result, error));
            return output.WrittenMemory;
        }

        MessagePackValueWriter writer = new(output);
        writer.BeginStruct(1);
        writer.Member(error is null ? "result" : "error");
        (error ?? result)!(writer);
        writer.EndStruct();
        return output.WrittenMemory;
    }

    private static void WriteJsonReply(ValueWriter writer, Action<ValueWriter>? result, Action<ValueWriter>? error)
    {
        writer.BeginStruct(3);
        writer.Member("result");
        (result ?? (static w => w.Null()))(writer);
        writer.Member("error");
        (error ?? (static w => w.Null()))(writer);
        writer.Member("id");
        writer.Int(0);
        writer.EndStruct();
    }
}
