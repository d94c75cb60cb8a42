using System.Buffers;
using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Idl.Json;
using Toolstack.Xapi.Dispatch;

namespace Toolstack.Xapi.Http;

/// <summary>A JSON-RPC call, of version 1 (no <c>jsonrpc</c> member) or 2, and how its answer is written.</summary>
internal sealed record JsonRpcRequest(string Method, ImmutableArray<Value> Parameters, Value Id, bool IsVersion2) : IReplyForm
{
    /// <summary>Exactly: a charset makes clients fall back to XML-RPC.</summary>
    internal const string ContentType = "application/json";

    /// <summary>The number that version 2 asks for; the code proper is the message.</summary>
    private const int ErrorNumber = 1;

    /// <summary>Raises <see cref="HttpRefusal"/>: a request that is none is no call that could fail.</summary>
    internal static JsonRpcRequest Parse(ReadOnlySpan<byte> body)
    {
        Value document;
        try
        {
            document = JsonValueReader.Parse(body);
        }
        catch (WireFormatException error)
        {
            throw new HttpRefusal(500, error.Message, error);
        }

        if (document is not Value.Struct request
            || request.Find("method") is not Value.Text method
            || request.Find("id") is not { } id || id is not (Value.Int or Value.Text)
            || request.Find("jsonrpc") is not (null or Value.Text { Content: "2.0" }))
        {
            throw new HttpRefusal(500, "not a JSON-RPC request");
        }

        ImmutableArray<Value> parameters = request.Find("params") switch
        {
            Value.Array array => array.Items,
            Value.Struct named => [named],
            null or Value.Nil => [],
            _ => throw new HttpRefusal(500, "params is neither array nor object"),
        };
        return new JsonRpcRequest(method.Content, parameters, id, request.Find("jsonrpc") is not null);
    }

    string IReplyForm.ContentType => ContentType;

    public void Write(IBufferWriter<byte> output, DispatchReply reply) => JsonValueWriter.Write(output, w =>
    {
        if (reply.IsUnread)
        {
            WriteUnread(w, reply.Error!);
            return;
        }

        w.BeginStruct(3);
        if (IsVersion2)
        {
            w.Member("jsonrpc");
            w.String("2.0");
        }

        if (reply.Error is null || !IsVersion2)
        {
            w.Member("result");
            WriteResult(w, reply);
        }

        if (reply.Error is not null || !IsVersion2)
        {
            w.Member("error");
            WriteError(w, reply.Error);
        }

        w.Member("id");
        w.Dynamic(Id);
        w.EndStruct();
    });

    public IEnumerable<int> Parts(IBufferWriter<byte> output, MessageResult result) => JsonValueWriter.WriteParts(output, w => ReplyParts(w, result));

    private IEnumerable<int> ReplyParts(ValueWriter writer, MessageResult result)
    {
        writer.BeginStruct(3);
        if (IsVersion2)
        {
            writer.Member("jsonrpc");
            writer.String("2.0");
        }

        writer.Member("result");
        foreach (int part in result.Parts(writer))
        {
            yield return part;
        }

        if (!IsVersion2)
        {
            writer.Member("error");
            writer.Null();
        }

        writer.Member("id");
        writer.Dynamic(Id);
        writer.EndStruct();
    }

    /// <summary>Of version 2 whatever the request was, and with the error as version 1 has it: clients know this answer so.</summary>
    private static void WriteUnread(ValueWriter writer, XenApiError error)
    {
        writer.BeginStruct(3);
        writer.Member("jsonrpc");
        writer.String("2.0");
        writer.Member("error");
        WriteTexts(writer, error.Parameters.Insert(0, error.Code));
        writer.Member("id");
        writer.Int(0);
        writer.EndStruct();
    }

    private static void WriteResult(ValueWriter writer, DispatchReply reply)
    {
        if (reply.Error is null)
        {
            reply.Result.Write(writer);
        }
        else
        {
            writer.Null();
        }
    }

    private void WriteError(ValueWriter writer, XenApiError? error)
    {
        if (error is null)
        {
            writer.Null();
        }
        else if (IsVersion2)
        {
            writer.BeginStruct(3);
            writer.Member("code");
            writer.Int(ErrorNumber);
            writer.Member("message");
            writer.String(error.Code);
            writer.Member("data");
            WriteTexts(writer, error.Parameters);
            writer.EndStruct();
        }
        else
        {
            WriteTexts(writer, error.Parameters.Insert(0, error.Code));
        }
    }

    private static void WriteTexts(ValueWriter writer, ImmutableArray<string> texts)
    {
        writer.BeginArray(texts.Length);
        foreach (string text in texts)
        {
            writer.String(text);
        }

        writer.EndArray();
    }
}
