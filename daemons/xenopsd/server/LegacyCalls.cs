using System.Buffers;
using Toolstack.Idl;
using Toolstack.Idl.Json;

namespace Toolstack.Xenopsd.Server;

/// <summary>Two calls of old clients whose parameters have places and no names (xenops protocol): <c>query [debug_info, unit]</c> and
/// <c>VM.import_metadata [debug_info, metadata]</c>. They are given their names.</summary>
public static class LegacyCalls
{
    /// <summary>The request as the interface understands it; any other request as it is.</summary>
    public static ReadOnlyMemory<byte> Upgrade(ReadOnlyMemory<byte> request)
    {
        if (request.IsEmpty || request.Span[0] != '{')
        {
            return request;
        }

        try
        {
            return JsonValueReader.Parse(request.Span) is Value.Struct call
                && call.Find("params") is Value.Array { Items: [Value.Text debugInfo, var second] }
                && SecondName(call.Find("method")) is { } name
                ? Named(((Value.Text)call.Find("method")!).Content, debugInfo.Content, name, second)
                : request;
        }
        catch (WireFormatException)
        {
            // Whoever reads it next says what is wrong.
            return request;
        }
    }

    private static string? SecondName(Value? method) => method switch
    {
        Value.Text { Content: "query" } => "unit",
        Value.Text { Content: "VM.import_metadata" } => "metadata",
        _ => null,
    };

    private static ReadOnlyMemory<byte> Named(string method, string debugInfo, string name, Value second)
    {
        ArrayBufferWriter<byte> output = new();
        JsonValueWriter.Write(output, w =>
        {
            w.BeginStruct(3);
            w.Member("method");
            w.String(method);
            w.Member("params");
            w.BeginArray(1);
            w.BeginStruct(2);
            w.Member("debug_info");
            w.String(debugInfo);
            w.Member(name);
            w.Dynamic(second);
            w.EndStruct();
            w.EndArray();
            w.Member("id");
            w.Int(0);
            w.EndStruct();
        });
        return output.WrittenMemory;
    }
}
