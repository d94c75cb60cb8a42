using System.Buffers;
using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Idl.XmlRpc;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xapi.Xenops;

/// <summary>
/// The door to the local xenopsd for the xenopsds of other hosts. An XML-RPC call with one struct of named parameters becomes the same
/// call on the queue. Only the calls of a migration pass: VM.import_metadata before it, the reads query, VM.exists and VM.stat to learn
/// what the destination can do and what became of the VM. Everything else there is not for other hosts.
/// A failure is a response whose ErrorDescription is the tag of the error followed by its fields as texts.
/// </summary>
internal sealed class XenopsGateway(IXenops xenops) : IXenopsGateway
{
    public async ValueTask<ReadOnlyMemory<byte>> HandleXmlRpcAsync(ReadOnlyMemory<byte> body, CancellationToken cancel)
    {
        ArrayBufferWriter<byte> output = new();
        try
        {
            XmlRpcEnvelope.WriteSuccess(output, await CallAsync(body, cancel).ConfigureAwait(false));
        }
        catch (XenopsError e)
        {
            WriteFailure(output, e.Value);
        }

        return output.WrittenMemory;
    }

    /// <summary>Calls xenopsd; what is returned writes its answer.</summary>
    private async ValueTask<Action<ValueWriter>> CallAsync(ReadOnlyMemory<byte> body, CancellationToken cancel)
    {
        (string method, ImmutableArray<Value> parameters) = Parse(body.Span);
        Value.Struct named = parameters is [Value.Struct one] ? one : throw XenopsError.Internal($"{method} takes one struct of parameters");
        string debug = named.Find("debug_info") is Value.Text text ? text.Content : "";
        switch (method)
        {
            case "VM.import_metadata":
                string imported = await xenops.VmImportMetadata(debug, Text("metadata"), cancel).ConfigureAwait(false);
                return w => w.String(imported);
            case "query":
                QueryResult query = await xenops.Query(debug, cancel).ConfigureAwait(false);
                return w => QueryResultCodec.Write(w, query);
            case "VM.exists":
                bool exists = await xenops.VmExists(debug, Text("id"), cancel).ConfigureAwait(false);
                return w => w.Bool(exists);
            case "VM.stat":
                (Vm vm, VmState state) = await xenops.VmStat(debug, Text("id"), cancel).ConfigureAwait(false);
                return w =>
                {
                    w.BeginArray(2);
                    VmCodec.Write(w, vm);
                    VmStateCodec.Write(w, state);
                    w.EndArray();
                };
            default:
                throw new XenopsError(new XenopsErrorValue.Unimplemented(method));
        }

        string Text(string name) =>
            named.Find(name) is Value.Text value ? value.Content : throw XenopsError.Internal($"{method} needs the text {name}");
    }

    private static (string Method, ImmutableArray<Value> Parameters) Parse(ReadOnlySpan<byte> body)
    {
        try
        {
            return XmlRpcEnvelope.ParseCall(body);
        }
        catch (Exception e) when (e is WireFormatException or XenApiError)
        {
            throw XenopsError.Internal($"malformed request: {e.Message}", e);
        }
    }

    private static void WriteFailure(ArrayBufferWriter<byte> output, XenopsErrorValue error)
    {
        (string tag, ImmutableArray<Value> fields) = ValueBuilder.Build(w => XenopsErrorValueCodec.Write(w, error)) switch
        {
            Value.Array { Items: [Value.Text name, Value.Array several] } => (name.Content, several.Items),
            Value.Array { Items: [Value.Text name, Value one] } => (name.Content, [one]),
            Value plain => (plain.AsString(), ImmutableArray<Value>.Empty),
        };
        XmlRpcEnvelope.WriteFailure(output, tag, [.. fields.Select(static f => f is Value.Text or Value.Int ? f.AsString() : f.ToString())]);
    }
}
