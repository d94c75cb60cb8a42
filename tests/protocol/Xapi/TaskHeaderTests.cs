using System.Net.Sockets;
using System.Text;
using Toolstack.Idl;
using Toolstack.Idl.XmlRpc;
using Xunit;

namespace Toolstack.Tests.Xapi;

/// <summary>What the headers of a request say of the task that it starts.</summary>
public class TaskHeaderTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TheTaskHasTheRequestsParentAndWhatItIsToRemember()
    {
        await using XapiServer server = await XapiServer.StartAsync();
        Value session = await server.LoginAsync();
        Value parent = await server.CallAsync("task.create", session, new Value.Text("parent"), new Value.Text(""));
        Value task = await CallAsync(server, $"subtask-of: {parent.AsString()}\r\nx-http-other-config-colour: red\r\n", session);
        Value.Struct record = (await server.CallAsync("task.get_record", session, task)).AsStruct();
        Assert.Equal((parent.AsString(), "Async.host.list_methods"), (record.Find("subtask_of")!.AsString(), record.Find("name_label")!.AsString()));
        Assert.Equal("red", record.Find("other_config")!.AsStruct().Find("http:colour")!.AsString());
        Assert.Equal([task], (await server.CallAsync("task.get_subtasks", session, parent)).AsArray());
    }

    /// <summary>Only another host may run a call under a task that is there already.</summary>
    [Fact]
    public async Task AClientsTaskIdIsNotItsTask()
    {
        await using XapiServer server = await XapiServer.StartAsync();
        Value session = await server.LoginAsync();
        Value mine = await server.CallAsync("task.create", session, new Value.Text("mine"), new Value.Text(""));
        Assert.NotEqual(mine, await CallAsync(server, $"task-id: {mine.AsString()}\r\n", session));
        Value pool = await server.CallAsync("session.slave_login", new Value.Text("OpaqueRef:h"), new Value.Text("pool-secret"));
        Assert.Equal(mine, await CallAsync(server, $"task-id: {mine.AsString()}\r\n", pool));
    }

    /// <summary>Posts an asynchronous call with these headers and returns its task.</summary>
    private static async Task<Value> CallAsync(XapiServer server, string headers, Value session)
    {
        var call = new System.Buffers.ArrayBufferWriter<byte>();
        XmlRpcEnvelope.WriteCall(call, "Async.host.list_methods", [session]);
        using Socket socket = await server.ConnectAsync();
        await socket.SendAsync(Encoding.ASCII.GetBytes($"POST / HTTP/1.1\r\nHost: x\r\n{headers}Content-Length: {call.WrittenCount}\r\n\r\n"), Cancel);
        await socket.SendAsync(call.WrittenMemory, Cancel);
        return XmlRpcEnvelope.ParseResponse(Encoding.UTF8.GetBytes((await XapiServer.ReadAsync(socket)).Body));
    }
}
