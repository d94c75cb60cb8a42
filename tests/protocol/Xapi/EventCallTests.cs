using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Xunit;

namespace Toolstack.Tests.Xapi;

public class EventCallTests
{
    private static Value Tasks => new Value.Array([new Value.Text("task")]);

    [Fact]
    public async Task SnapshotThenChangesThenNothing()
    {
        await using XapiServer server = await XapiServer.StartAsync();
        Value session = await server.LoginAsync();
        Value self = await server.CallAsync("task.create", session, new Value.Text("t"), new Value.Text(""));

        Value.Struct first = (await server.CallAsync("event.from", session, Tasks, new Value.Text(""), new Value.Float(30))).AsStruct();
        Value.Struct added = first.Find("events")!.AsArray().Single().AsStruct();
        Assert.Equal(("add", "task", self), (added.Find("operation")!.AsString(), added.Find("class")!.AsString(), added.Find("ref")!));
        Assert.Equal("t", added.Find("snapshot")!.AsStruct().Find("name_label")!.AsString());
        Value.Struct counts = first.Find("valid_ref_counts")!.AsStruct();
        Assert.Equal(new Value.Int(1), counts.Find("task"));
        Assert.Equal(new Value.Int(0), counts.Find("vm"));
        Assert.NotNull(counts.Find("vm_metrics"));

        Value token = first.Find("token")!;
        Task<Value> waiting = server.CallAsync("event.from", session, Tasks, token, new Value.Float(30));
        await server.CallAsync("task.set_progress", session, self, new Value.Float(0.5));
        await server.CallAsync("task.destroy", session, self);
        Value.Struct second = (await waiting).AsStruct();
        Value.Struct last = second.Find("events")!.AsArray().Last().AsStruct();
        if (last.Find("operation")!.AsString() == "mod")
        {
            // The wait ended between the two changes; the deletion is in the next answer.
            second = (await server.CallAsync("event.from", session, Tasks, second.Find("token")!, new Value.Float(30))).AsStruct();
            last = second.Find("events")!.AsArray().Last().AsStruct();
        }

        Assert.Equal("del", last.Find("operation")!.AsString());
        Assert.Null(last.Find("snapshot"));
        Assert.Equal(new Value.Int(0), second.Find("valid_ref_counts")!.AsStruct().Find("task"));

        Value.Struct third = (await server.CallAsync("event.from", session, Tasks, second.Find("token")!, new Value.Float(0.1))).AsStruct();
        Assert.Empty(third.Find("events")!.AsArray());
        Assert.Equal(second.Find("token"), third.Find("token"));
    }

    [Fact]
    public async Task LogoutEndsTheWait()
    {
        await using XapiServer server = await XapiServer.StartAsync();
        Value session = await server.LoginAsync();
        Value token = (await server.CallAsync("event.from", session, Tasks, new Value.Text(""), new Value.Float(0))).AsStruct().Find("token")!;
        Task<Value> waiting = server.CallAsync("event.from", session, Tasks, token, new Value.Float(60));
        await server.CallAsync("session.logout", session);
        XenApiError error = await Assert.ThrowsAsync<XenApiError>(() => waiting);
        Assert.Equal("SESSION_INVALID", error.Code);
    }

    [Fact]
    public async Task MalformedArgumentsAndOldMessagesAreNamed()
    {
        await using XapiServer server = await XapiServer.StartAsync();
        Value session = await server.LoginAsync();
        XenApiError token = await Assert.ThrowsAsync<XenApiError>(() => server.CallAsync("event.from", session, Tasks, new Value.Text("x"), new Value.Float(1)));
        Assert.Equal("EVENT_FROM_TOKEN_PARSE_FAILURE", token.Code);
        XenApiError next = await Assert.ThrowsAsync<XenApiError>(() => server.CallAsync("event.next", session));
        Assert.Equal("SESSION_NOT_REGISTERED", next.Code);
    }

    [Fact]
    public async Task AsyncCallsEndInTheirTask()
    {
        var vm = new FakeVm();
        await using XapiServer server = await XapiServer.StartAsync(more: new Dictionary<string, object> { ["VM"] = vm });
        Value session = await server.LoginAsync();
        Value done = await server.CallAsync("Async.VM.pause", session, new Value.Text("OpaqueRef:v"));
        await WaitAsync(server, session, done, "success");
        Assert.Equal("<value></value>", (await server.CallAsync("task.get_result", session, done)).AsString());
        Assert.Equal("Async.VM.pause", (await server.CallAsync("task.get_name_label", session, done)).AsString());

        Value failed = await server.CallAsync("Async.VM.unpause", session, new Value.Text("OpaqueRef:v"));
        await WaitAsync(server, session, failed, "failure");
        Assert.Equal([new Value.Text("VM_BAD_POWER_STATE"), new Value.Text("a")], (await server.CallAsync("task.get_error_info", session, failed)).AsArray());

        Value endless = await server.CallAsync("Async.VM.suspend", session, new Value.Text("OpaqueRef:v"));
        await vm.Suspending.Task;
        await server.CallAsync("task.cancel", session, endless);
        await WaitAsync(server, session, endless, "cancelled");

        XenApiError sync = await Assert.ThrowsAsync<XenApiError>(() => server.CallAsync("VM.unpause", session, new Value.Text("OpaqueRef:v")));
        Assert.Equal("VM_BAD_POWER_STATE", sync.Code);
        Assert.Equal(3, (await server.Database.GetAll<task>()).Count);
    }

    private static async Task WaitAsync(XapiServer server, Value session, Value task, string status)
    {
        string token = "";
        while (true)
        {
            string now = (await server.CallAsync("task.get_status", session, task)).AsString();
            if (now == status)
            {
                return;
            }

            Assert.Equal("pending", now);
            Value.Struct batch = (await server.CallAsync("event.from", session, new Value.Array([new Value.Text("task/" + task.AsString())]), new Value.Text(token), new Value.Float(10))).AsStruct();
            token = batch.Find("token")!.AsString();
        }
    }

    private sealed class FakeVm : VMMessages
    {
        public TaskCompletionSource Suspending { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override Task pause(Call call, Ref<VM> vm) => Task.CompletedTask;

        public override Task unpause(Call call, Ref<VM> vm) => throw new XenApiError("VM_BAD_POWER_STATE", "a");

        public override Task suspend(Call call, Ref<VM> vm)
        {
            Suspending.TrySetResult();
            return Task.Delay(Timeout.InfiniteTimeSpan, call.Cancellation);
        }
    }
}
