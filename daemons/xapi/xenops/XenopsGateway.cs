using System.Buffers;
using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Idl.XmlRpc;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xapi.Xenops;

/// <summary>
/// The door to the local xenopsd for the xenopsds of other hosts. An XML-RPC call with one struct of named parameters becomes the same
/// call on the queue. Only VM.import_metadata passes, the one call that a migration makes: everything else there is not for other hosts.
/// A failure is a response whose ErrorDescription is the tag of the error followed by its fields as texts.
/// </summary>
internal sealed class XenopsGateway(IXenops xenops) : IXenopsGateway
{
    private const string ImportMetadata = "VM.import_metadata";

    public async ValueTask<ReadOnlyMemory<byte>> HandleXmlRpcAsync(ReadOnlyMemory<byte> body, CancellationToken cancel)
    {
        ArrayBufferWriter<byte> output = new();
        try
        {
            string id = await CallAsync(body, cancel).ConfigureAwait(false);
            XmlRpcEnvelope.WriteSuccess(output, w => w.String(id));
        }
        catch (XenopsError e)
        {
            WriteFailure(output, e.Value);
        }

        return output.WrittenMemory;
    }

    private async ValueTask<string> CallAsync(ReadOnlyMemory<byte> body, CancellationToken cancel)
    {
        (string method, ImmutableArray<Value> parameters) = Parse(body.Span);
        if (method != ImportMetadata)
        {
            throw new XenopsError(new XenopsErrorValue.Unimplemented(method));
        }

        if (parameters is not [Value.Struct named] || named.Find("metadata") is not Value.Text metadata)
        {
            throw XenopsError.Internal($"{method} takes one struct with debug_info and metadata");
        }

        string debug = named.Find("debug_info") is Value.Text text ? text.Content : "";
        return await xenops.VmImportMetadata(debug, metadata.Content, cancel).ConfigureAwait(false);
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
