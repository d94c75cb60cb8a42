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

    private sealed class Answering : FakeXenops
    {
        public override Task<QueryResult> Query(string debug_info, CancellationToken cancel) =>
            Task.FromResult(new QueryResult { features = ["this"], instance_id = "i" });

        public override Task<bool> VmExists(string debug_info, string id, CancellationToken cancel) => Task.FromResult(id == "here");

        public override Task<(Vm vm, VmState state)> VmStat(string debug_info, string id, CancellationToken cancel) =>
            Task.FromResult((new Vm
            {
                id = id,
                ty = new BuilderInfo.PVH(new PvInfo { boot = new PvBoot.Direct(new DirectBoot()) }),
                memory_static_max = 1 << 20,
                memory_dynamic_max = 1 << 20,
                memory_dynamic_min = 1 << 20,
                vcpu_max = 1,
                vcpus = 1,
            }, new VmState { power_state = PowerState.Paused }));
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
    public async Task FeaturesAreTold()
    {
        Value.Struct answer = (await Send(new Answering(), "query")).AsStruct();
        Assert.Equal(["this"], answer.Find("features")!.AsArray().Select(static f => f.AsString()));
        Assert.Equal("i", answer.Find("instance_id")!.AsString());
    }

    [Fact]
    public async Task ExistenceAndStateAreTold()
    {
        KeyValuePair<string, Value> id = new("id", new Value.Text("here"));
        Assert.True((await Send(new Answering(), "VM.exists", id)).AsBool());
        Value state = (await Send(new Answering(), "VM.stat", id)).AsArray()[1];
        Assert.Equal("Paused", state.AsStruct().Find("power_state")!.AsString());
        Assert.Equal("Internal_error", (await Assert.ThrowsAsync<XenApiError>(() => Send(new Answering(), "VM.stat"))).Code);
    }

    [Fact]
    public async Task NothingElsePasses() =>
        Assert.Equal("Unimplemented", (await Assert.ThrowsAsync<XenApiError>(
            () => Send(new Importing(static _ => throw new InvalidOperationException("asked")), "VM.shutdown", Metadata))).Code);
}
