using System.Text;
using Toolstack.Xenopsd.Server;
using Xunit;
using static Toolstack.Tests.Domains.DomainHost;

namespace Toolstack.Tests.Domains;

/// <summary>The memory daemon's interface, word by word.</summary>
public class MemoryServerTests
{
    [Fact]
    public async Task Memory_is_reserved_transferred_and_let_go()
    {
        await using var host = await StartAsync(100);
        MemoryServer server = new(host.Backend.Memory);
        (string Call, string Answer)[] talk =
        [
            (Request("login", "\"dbg\",\"svc\""), Result("\"svc\"")),
            (Request("reserve_memory", "\"dbg\",\"svc\",1024"), Result("\"1\"")),
            (Request("reserve_memory_range", "\"dbg\",\"svc\",1024,\"2048\""), Result("[\"2\",2048]")),
            (Request("transfer_reservation_to_domain", "\"dbg\",\"svc\",\"1\",77"), Result("null")),
            (Request("query_reservation_of_domain", "\"dbg\",\"svc\",77"), Result("\"1\"")),
            (Request("query_reservation_of_domain", "\"dbg\",\"svc\",78"), Error("\"No_reservation\"")),
            (Request("delete_reservation", "\"dbg\",\"svc\",\"1\""), Result("null")),
            (Request("delete_reservation", "\"dbg\",\"svc\",\"1\""), Error("[\"Unknown_reservation\",\"1\"]")),
            (Request("reserve_memory", "\"dbg\",\"svc\",1048576"), Error("[\"Cannot_free_this_much_memory\",[1048576,100352]]")),
            (Request("balance_memory", "\"dbg\""), Result("null")),
            (Request("get_host_reserved_memory", "\"dbg\""), Result("0")),
            (Request("get_host_initial_free_memory", "\"dbg\""), Result("102400")),
        ];
        foreach (var (call, answer) in talk)
        {
            Assert.Equal(answer, await AskAsync(server, call));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"method\":\"login\",\"params\":[\"dbg\"],\"id\":1}")]
    [InlineData("{\"method\":\"login\",\"params\":[\"dbg\",\"../x\"],\"id\":1}")]
    [InlineData("{\"method\":\"reserve_memory\",\"params\":[\"dbg\",\"s\",-1],\"id\":1}")]
    [InlineData("{\"method\":\"reserve_memory_range\",\"params\":[\"dbg\",\"s\",2,1],\"id\":1}")]
    [InlineData("{\"method\":\"none\",\"params\":[],\"id\":1}")]
    public async Task What_is_no_call_is_an_error(string text)
    {
        await using var host = await StartAsync(100);
        Assert.StartsWith("{\"result\":null,\"error\":[\"Internal_error\",", await AskAsync(new MemoryServer(host.Backend.Memory), text), StringComparison.Ordinal);
    }

    private static string Request(string method, string parameters) => $"{{\"method\":\"{method}\",\"params\":[{parameters}],\"id\":5}}";

    private static string Result(string value) => $"{{\"result\":{value},\"error\":null,\"id\":0}}";

    private static string Error(string value) => $"{{\"result\":null,\"error\":{value},\"id\":0}}";

    private static async Task<string> AskAsync(MemoryServer server, string call) =>
        Encoding.UTF8.GetString((await server.HandleAsync(Encoding.UTF8.GetBytes(call), default)).Span);
}
