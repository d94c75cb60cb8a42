using Toolstack.MessageSwitch;
using Xunit;

namespace Toolstack.Tests.Switch;

/// <summary>The bytes of every request of the original protocol and of its response.</summary>
public sealed class CompatBytesTests
{
    private const string Transfer = "{\"timeout\":0.0,\"queues\":[\"q\"]}";

    public static TheoryData<string[], string, string> Exchanges => new()
    {
        { [], CompatPeer.Get("/login/me"), Ok("") },
        { [], CompatPeer.Get("/persistent/q"), Failure("Please log in.") },
        { ["/login/me"], CompatPeer.Get("/persistent/q"), Ok("q") },
        { ["/login/me"], CompatPeer.Get("/transient/t"), Ok("t") },
        { ["/login/me"], CompatPeer.Get("/persistent/a%2520b"), Ok("a b") },
        { ["/login/me"], CompatPeer.Get("/persistent/a%20b"), Ok("a b") },
        { ["/login/me"], CompatPeer.Get("/persistent/100%25"), Ok("100%") },
        { ["/login/me"], CompatPeer.Get("/persistent/a%2Fb"), Failure("Not found") },
        { ["/login/me"], CompatPeer.Get("/persistent/"), Failure("Not found") },
        { ["/login/me"], CompatPeer.Get("/destroy/none"), Ok("") },
        { ["/login/me", "/persistent/q"], CompatPeer.Get("/destroy/q"), Ok("") },
        { ["/login/me"], CompatPeer.Get("/ack/q/0"), Ok("") },
        { ["/login/me"], CompatPeer.Get("/ack/q/0x1_F"), Ok("") },
        { ["/login/me"], CompatPeer.Get("/ack/q/one"), Answer("500 Internal Server Error", "not a number: one") },
        { ["/login/me", "/persistent/b", "/persistent/a"], CompatPeer.Get("/list/"), Ok("[\"a\",\"b\"]") },
        { ["/login/me", "/persistent/ab", "/persistent/b"], CompatPeer.Get("/list/a"), Ok("[\"ab\"]") },
        { ["/login/me", "/persistent/alive1"], CompatPeer.Get("/list/alive"), Ok("[\"alive1\"]") },
        { ["/login/me", "/persistent/q"], CompatPeer.Get("/list/alive/"), Ok("[]") },
        { [], CompatPeer.Get("/list"), Failure("Not found") },
        { ["/login/me", "/persistent/q"], CompatPeer.Post("/transfer", Transfer), Ok("{\"messages\":[],\"next\":\"-1\"}") },
        {
            ["/login/me", "/persistent/q"], CompatPeer.Post("/transfer", "{\"queues\":[\"q\"],\"FROM\":\"7\",\"x\":{},\"timeout\":0}"),
            Ok("{\"messages\":[],\"next\":\"7\"}")
        },
        { ["/login/me"], CompatPeer.Post("/transfer", "{\"timeout\":0"), Answer("500 Internal Server Error", "not the body of a transfer") },
        { ["/login/me"], CompatPeer.Post("/request/q/r", "x"), Ok("[]") },
        { ["/login/me", "/persistent/q"], CompatPeer.Post("/request/q/r", "x"), Ok("[[\"q\",N]]") },
        {
            ["/login/me", "/persistent/q", "POST/request/q/r"], CompatPeer.Post("/transfer", Transfer),
            Ok("{\"messages\":[[[\"q\",N],{\"payload\":\"p\\\"\\\\\\n\\u0001\u00e9\",\"kind\":[\"Request\",\"r\"]}]],\"next\":\"N\"}")
        },
        { ["/login/me"], CompatPeer.Post("/response/r/q/5", "x"), Ok("[]") },
        { ["/login/me", "/persistent/r"], CompatPeer.Post("/response/r/q/5", "x"), Ok("[[\"r\",N]]") },
        {
            ["/login/me", "/persistent/q", "POST/response/q/a%2520b/5"], CompatPeer.Post("/transfer", Transfer),
            Ok("{\"messages\":[[[\"q\",N],{\"payload\":\"p\\\"\\\\\\n\\u0001\u00e9\",\"kind\":[\"Response\",[\"a%20b\",5]]}]],\"next\":\"N\"}")
        },
        { [], CompatPeer.Get("/trace/0/0"), Ok("{\"events\":[]}") },
        { [], CompatPeer.Get("/trace"), Ok("{\"events\":[]}") },
        {
            ["/login/me", "/persistent/q", "POST/request/q/r"], CompatPeer.Get("/trace/-1/0.5"),
            Ok("{\"events\":[[0,{\"time\":T,\"input\":\"me\",\"queue\":\"q\",\"message\":[\"Message\",[\"q\",N],"
                + "{\"payload\":\"p\\\"\\\\\\n\\u0001\u00e9\",\"kind\":[\"Request\",\"r\"]}]}]]}")
        },
        { [], CompatPeer.Get("/"), Ok("{\"start_time\":0,\"current_time\":N,\"permanent_queues\":{},\"transient_queues\":{}}") },
        {
            ["/login/me", "/transient/t", "/persistent/q", "POST/request/q/r"], CompatPeer.Get("/"),
            Ok("{\"start_time\":0,\"current_time\":N,\"permanent_queues\":{\"q\":{\"queue_contents\":[[[\"q\",N],{\"origin\":[\"Name\",\"me\"],"
                + "\"time\":N,\"message\":{\"payload\":\"p\\\"\\\\\\n\\u0001\u00e9\",\"kind\":[\"Request\",\"r\"]}}]]}},"
                + "\"transient_queues\":{\"t\":{\"queue_contents\":[]}}}")
        },
        { [], CompatPeer.Post("/shutdown", ""), Failure("Please log in.") },
        { [], CompatPeer.Get("/admin/"), Failure("Not found") },
        { [], CompatPeer.Get("/nothing/like/this"), Failure("Not found") },
        { [], CompatPeer.Post("/login/me", ""), Failure("Not found") },
        { [], "GET http://switch/login/me?x=y HTTP/1.1\r\n\r\n", Ok("") },
        { [], "GET /login/me HTTP/1.1\r\nContent-Length: 1\r\n\r\nx", Failure("Not found") },
        { [], "PUT /login/me HTTP/1.1\r\n\r\n", Failure("Not found") },
        { [], "GET /login/me HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n" },
        { [], "GET /login/me HTTP/1.1\r\nConnection: Close\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n" },
    };

    [Theory]
    [MemberData(nameof(Exchanges))]
    public async Task Request_and_response(string[] before, string request, string response)
    {
        await using var fixture = new SwitchFixture();
        var peer = await fixture.CompatAsync(token: "");
        foreach (var step in before)
        {
            _ = step.StartsWith("POST", StringComparison.Ordinal)
                ? await peer.PostAsync(step["POST".Length..], "p\"\\\n\u0001\u00e9")
                : await peer.GetAsync(step);
        }

        var answer = CompatPeer.Normal(await peer.AskAsync(request));
        answer = System.Text.RegularExpressions.Regex.Replace(answer, "\"time\":[0-9]+\\.[0-9E+]+", "\"time\":T");
        Assert.Equal(WithoutLength(response), WithoutLength(answer));
    }

    [Theory]
    [InlineData("NONSENSE\r\n\r\n", 400)]
    [InlineData("GET / HTTP/3\r\n\r\n", 400)]
    [InlineData("GET / HTTP/1.1\r\nno field\r\n\r\n", 400)]
    [InlineData("POST /transfer HTTP/1.1\r\ncontent-length: -1\r\n\r\n", 400)]
    [InlineData("POST /transfer HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n", 400)]
    [InlineData("POST /transfer HTTP/1.1\r\ncontent-length: 99999999999\r\n\r\n", 413)]
    [InlineData("POST /transfer HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n", 501)]
    public async Task What_is_not_http_is_told_so_and_ends_its_connection_only(string bytes, int status)
    {
        await using var fixture = new SwitchFixture();
        var other = await fixture.CompatAsync();
        var peer = await fixture.CompatAsync(token: "");
        await peer.SendAsync(bytes);
        Assert.StartsWith($"HTTP/1.1 {status} ", await SwitchFixture.ReadToEndAsync(peer.Socket), StringComparison.Ordinal);
        Assert.Equal("q", await other.GetAsync("/persistent/q"));
    }

    [Fact]
    public async Task A_head_without_end_is_refused()
    {
        await using var fixture = new SwitchFixture();
        var peer = await fixture.CompatAsync(token: "");
        await peer.SendAsync("GET /" + new string('a', 20_000));
        Assert.StartsWith("HTTP/1.1 431 ", await SwitchFixture.ReadToEndAsync(peer.Socket), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_may_come_byte_by_byte_and_two_at_once_are_answered_in_order()
    {
        await using var fixture = new SwitchFixture();
        var peer = await fixture.CompatAsync();
        foreach (var one in CompatPeer.Get("/persistent/slow"))
        {
            await peer.SendAsync(one.ToString());
        }

        Assert.EndsWith("\r\n\r\nslow", await peer.ResponseAsync(), StringComparison.Ordinal);
        await peer.SendAsync(CompatPeer.Get("/persistent/one") + CompatPeer.Get("/persistent/two"));
        Assert.EndsWith("\r\n\r\none", await peer.ResponseAsync(), StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\ntwo", await peer.ResponseAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Files_of_the_web_interface_come_from_its_directory_only()
    {
        var directory = Directory.CreateTempSubdirectory("www");
        try
        {
            Directory.CreateDirectory(Path.Combine(directory.FullName, "admin"));
            await File.WriteAllTextAsync(Path.Combine(directory.FullName, "admin", "index.html"), "<p>");
            await File.WriteAllTextAsync(Path.Combine(directory.FullName, "secret"), "secret");
            await using var fixture = new SwitchFixture(new Settings { WebDirectory = directory.FullName });
            var peer = await fixture.CompatAsync(token: "");
            Assert.Equal("<p>", await peer.GetAsync("/admin/"));
            Assert.Equal("<p>", await peer.GetAsync("/admin/index.html"));
            Assert.StartsWith("HTTP/1.1 404 ", await peer.AskAsync(CompatPeer.Get("/admin/../secret")), StringComparison.Ordinal);
            Assert.StartsWith("HTTP/1.1 404 ", await peer.AskAsync(CompatPeer.Get("/admin/%2e%2e/secret")), StringComparison.Ordinal);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static string Ok(string body) => Answer("200 OK", body);

    private static string Failure(string body) => Answer("404 Not Found", body);

    private static string Answer(string status, string body) =>
        $"HTTP/1.1 {status}\r\ncontent-length: L\r\nconnection: keep-alive\r\n\r\n{body}";

    private static string WithoutLength(string response) =>
        System.Text.RegularExpressions.Regex.Replace(response, "content-length: [0-9]+", "content-length: L");
}
