using System.Buffers;
using Toolstack.Idl;
using Toolstack.Idl.XmlRpc;
using Toolstack.Xapi.Xenops;
using Toolstack.Xenopsd.Contract;
using Xunit;

namespace Toolstack.Tests.VirtualMachines;

public sealed class XenopsGatewayTests
{
    private sealed class Importing(Func<string, string> import) : FakeXenops
    {
        public override Task<string> VmImportMetadata(string debug_info, string metadata, CancellationToken cancel) =>
            Task.FromResult(import(metadata));
    }

    private static async Task<Value> Send(FakeXenops xenops, string method, params KeyValuePair<string, Value>[] parameters)
    {
        ArrayBufferWriter<byte> body = new();
        XmlRpcEnvelope.WriteCall(body, method, new Value.Struct([.. parameters]));
        ReadOnlyMemory<byte> answer = await new XenopsGateway(xenops).HandleXmlRpcAsync(body.WrittenMemory, CancellationToken.None);
        return XmlRpcEnvelope.ParseResponse(answer.Span);
    }

    private static KeyValuePair<string, Value> Metadata => new("metadata", new Value.Text("{}"));

    [Fact]
    public async Task MetadataIsPassedOn() =>
        Assert.Equal("{}!", (await Send(new Importing(static m => m + "!"), "VM.import_metadata", Metadata)).AsString());

    [Fact]
    public async Task AnErrorComesBackAsTagAndFields()
    {
        Importing refusing = new(static _ => throw new XenopsError(new XenopsErrorValue.Cannot_free_this_much_memory(7, 3)));
        XenApiError error = await Assert.ThrowsAsync<XenApiError>(() => Send(refusing, "VM.import_metadata", Metadata));
        Assert.Equal("Cannot_free_this_much_memory", error.Code);
        Assert.Equal(["7", "3"], error.Parameters);
    }

    [Fact]
    public async Task AnErrorWithoutFieldsIsItsTag()
    {
        Importing refusing = new(static _ => throw new XenopsError(new XenopsErrorValue.Domain_not_built()));
        XenApiError error = await Assert.ThrowsAsync<XenApiError>(() => Send(refusing, "VM.import_metadata", Metadata));
        Assert.Equal("Domain_not_built", error.Code);
        Assert.Empty(error.Parameters);
    }

    [Fact]
    public async Task NothingElsePasses() =>
        Assert.Equal("Unimplemented", (await Assert.ThrowsAsync<XenApiError>(
            () => Send(new Importing(static _ => throw new InvalidOperationException("asked")), "VM.shutdown", Metadata))).Code);
}
