using System.Text;
using Toolstack.Idl;
using Xunit;

namespace Toolstack.Tests.Idl;

public class QueueInterfaceTests
{
    private readonly List<string> unexpected = [];
    private readonly Loop loop;
    private readonly SampleServer server;

    public QueueInterfaceTests()
    {
        server = new SampleServer(new Implementation(), (method, e) => unexpected.Add(method + ": " + e.Message));
        loop = new Loop(server);
    }

    [Fact]
    public async Task Client_and_server_understand_each_other()
    {
        SampleClient client = new(loop);
        Assert.Equal("dbg v", await client.Add("dbg", new Machine { id = "v", rate = 1.5 }, default));
        Assert.False(loop.RetrySafe);
        (Machine machine, Mode mode) = await client.Stat("w", null, true, default);
        Assert.Equal(("w", "none", Mode.Fast), (machine.id, machine.name, mode));
        Assert.True(loop.RetrySafe);
        (machine, _) = await client.Stat("w", 5, false, default);
        Assert.Equal("5", machine.name);
    }

    [Fact]
    public async Task Declared_errors_come_back_as_the_same_exception()
    {
        SampleError error = await Assert.ThrowsAsync<SampleError>(() => new SampleClient(loop).fail("declared", default));
        Assert.Equal(new SampleErrorKind.DoesNotExist("VM", "x"), error.Kind);
        Assert.Empty(unexpected);
    }

    [Fact]
    public async Task Other_errors_are_internal_and_reported()
    {
        SampleError error = await Assert.ThrowsAsync<SampleError>(() => new SampleClient(loop).fail("otherwise", default));
        Assert.Equal(new SampleErrorKind.Internal("broken"), error.Kind);
        Assert.Equal(["fail: broken"], unexpected);
    }

    [Theory]
    [InlineData("""{"method":"VM.stat","params":[{"id":"w","brief":true}],"id":5}""", """{"result":[{"id":"w","name":"none","mode":"very-slow","disks":[],"data":{},"address":{"domain":1,"bus":2}},"Fast"],"error":null,"id":0}""")]
    [InlineData("""{"method":"fail","params":[{"how":"not"}],"id":5}""", """{"result":null,"error":null,"id":0}""")]
    [InlineData("""{"method":"fail","params":[{"how":"declared"}],"id":5}""", """{"result":null,"error":["DoesNotExist",["VM","x"]],"id":0}""")]
    [InlineData("""{"method":"fail","params":[{}],"id":5}""", """{"result":null,"error":["Internal_error","member how is missing"],"id":0}""")]
    [InlineData("""{"method":"none","params":[{}],"id":5}""", """{"result":null,"error":["Internal_error","Unknown method none"],"id":0}""")]
    [InlineData("{", """{"result":null,"error":["Internal_error","malformed JSON at byte 1"],"id":0}""")]
    public async Task Json_is_answered_in_json(string request, string reply) =>
        Assert.Equal(reply, Encoding.UTF8.GetString((await server.HandleAsync(Encoding.UTF8.GetBytes(request), default)).Span));

    [Fact]
    public async Task A_cancelled_call_is_not_answered()
    {
        using CancellationTokenSource stop = new();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new SampleClient(loop).fail("cancelled", stop.Token));
    }

    private sealed class Loop(SampleServer server) : IQueueTransport
    {
        public bool RetrySafe { get; private set; }

        public ValueTask<ReadOnlyMemory<byte>> CallAsync(ReadOnlyMemory<byte> request, bool retrySafe, CancellationToken cancellation)
        {
            RetrySafe = retrySafe;
            return server.HandleAsync(request, cancellation);
        }
    }

    private sealed class Implementation : ISample
    {
        public Task<string> Add(string debug_info, Machine vm, CancellationToken cancel) => Task.FromResult(debug_info + " " + vm.id);

        public Task<(Machine, Mode)> Stat(string id, long? since, bool brief, CancellationToken cancel) =>
            Task.FromResult((new Machine { id = id, name = since?.ToString() ?? "none" }, brief ? Mode.Fast : Mode.Slow));

        public Task fail(string how, CancellationToken cancel) => how switch
        {
            "declared" => throw new SampleError(new SampleErrorKind.DoesNotExist("VM", "x")),
            "cancelled" => Task.FromCanceled(cancel),
            "not" => Task.CompletedTask,
            _ => throw new InvalidDataException("broken"),
        };
    }
}
