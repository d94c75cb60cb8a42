using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Toolstack.Hosting;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Http;
using Toolstack.Xapi.ThinCli;
using Xunit;

namespace Toolstack.Tests.Xapi;

public class XmlRpcTests
{
    private static string Document(string method, params string[] texts) =>
        $"<methodCall><methodName>{method}</methodName><params>{string.Concat(texts.Select(t => $"<param><value>{t}</value></param>"))}</params></methodCall>";

    private static string Failure(params string[] texts) =>
        "<?xml version=\"1.0\"?><methodResponse><params><param><value><struct><member><name>Status</name><value>Failure</value></member>"
        + "<member><name>ErrorDescription</name><value><array><data>" + string.Concat(texts.Select(t => $"<value>{t}</value>"))
        + "</data></array></value></member></struct></value></param></params></methodResponse>";

    [Theory]
    [InlineData("/")]
    [InlineData("/RPC2")]
    [InlineData("/json")]
    [InlineData("/RPC2foo")]
    public async Task AnswersHaveTheBytesThatClientsCompare(string path)
    {
        await using XapiServer server = await XapiServer.StartAsync();
        (string head, string body) = await server.PostAsync(Document("system.isAlive:x", "y"), path: path);
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", head, StringComparison.Ordinal);
        string[] headers = [.. head.ToLowerInvariant().Split("\r\n")];
        Assert.Contains("content-type: text/xml", headers);
        Assert.Contains("cache-control: no-cache, no-store", headers);
        Assert.Contains("access-control-allow-origin: *", headers);
        Assert.Contains("access-control-allow-headers: x-requested-with", headers);
        Assert.Contains("connection: keep-alive", headers);
        Assert.Equal(
            "<?xml version=\"1.0\"?><methodResponse><params><param><value><struct><member><name>Status</name><value>Success</value></member>"
            + "<member><name>Value</name><value>y</value></member></struct></value></param></params></methodResponse>",
            body);
    }

    [Theory]
    [InlineData("nothing.here", new string[0], new[] { "MESSAGE_METHOD_UNKNOWN", "nothing.here" })]
    [InlineData("logout", new string[0], new[] { "MESSAGE_METHOD_UNKNOWN", "logout" })]
    [InlineData("Async.nothing", new string[0], new[] { "MESSAGE_METHOD_UNKNOWN", "nothing" })]
    [InlineData("nothing.here", new[] { "OpaqueRef:s" }, new[] { "SESSION_INVALID", "OpaqueRef:s" })]
    [InlineData("VM.get_all_records", new[] { "OpaqueRef:s" }, new[] { "SESSION_INVALID", "OpaqueRef:s" })]
    [InlineData("VM.get_all_records", new string[0], new[] { "MESSAGE_PARAMETER_COUNT_MISMATCH", "VM.get_all_records", "0", "-1" })]
    [InlineData("VM.get_record", new[] { "s", "a", "b" }, new[] { "MESSAGE_PARAMETER_COUNT_MISMATCH", "VM.get_record", "1", "2" })]
    [InlineData("Async.VM.get_record", new[] { "s", "a" }, new[] { "Fault", "No async mode for this operation (rpc: Async.VM.get_record)" })]
    [InlineData("session.login_with_password", new[] { "root", "wrong" }, new[] { "SESSION_AUTHENTICATION_FAILED", "root", "Authentication failure" })]
    [InlineData("session.login_with_password", new[] { "nobody", "secret" }, new[] { "SESSION_AUTHENTICATION_FAILED", "nobody", "Authentication failure" })]
    [InlineData("session.slave_login", new[] { "OpaqueRef:h", "wrong" }, new[] { "SESSION_AUTHENTICATION_FAILED", "OpaqueRef:h", "The pool secret is not this pool&apos;s" })]
    public async Task FailuresAreStructsWithStatus200(string method, string[] arguments, string[] expected)
    {
        await using XapiServer server = await XapiServer.StartAsync();
        (string head, string body) = await server.PostAsync(Document(method, arguments));
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", head, StringComparison.Ordinal);
        Assert.Equal(Failure(expected).Replace("&apos;", "'", StringComparison.Ordinal), body);
    }

    [Fact]
    public async Task MethodsAreListedWithoutEnvelope()
    {
        await using XapiServer server = await XapiServer.StartAsync();
        (_, string body) = await server.PostAsync(Document("system.listMethods"));
        Assert.StartsWith("<?xml version=\"1.0\"?><methodResponse><params><param><value><array><data><value>", body, StringComparison.Ordinal);
        Assert.Contains("<value>VM.get_all_records</value>", body, StringComparison.Ordinal);
        Assert.Contains("<value>session.login_with_password</value>", body, StringComparison.Ordinal);
        Assert.Contains("<value>VM.start</value>", body, StringComparison.Ordinal);
        Assert.DoesNotContain("<value>pool.hello</value>", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SessionsLiveFromLoginToLogout()
    {
        await using XapiServer server = await XapiServer.StartAsync();
        Value session = await server.LoginAsync();
        Assert.Equal("root", (await server.CallAsync("session.get_auth_user_name", session, session)).AsString());
        await server.CallAsync("session.logout", session);
        XenApiError error = await Assert.ThrowsAsync<XenApiError>(() => server.CallAsync("session.logout", session));
        Assert.Equal("SESSION_INVALID", error.Code);
    }

    [Fact]
    public async Task UnixSocketNeedsNoPasswordAndIsOwnedByRoot()
    {
        await using XapiServer server = await XapiServer.StartAsync();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(server.UnixPath));
        (_, string body) = await server.PostAsync(Document("session.login_with_password", "anyone", ""), unix: true);
        Assert.Contains("<value>Success</value>", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AServerWhoseAddressIsTakenSaysSoAndLeavesTheUnixSocketToItsOwner()
    {
        await using XapiServer first = await XapiServer.StartAsync();
        using var thinClients = new ThinCliServer(first.Services, first.Dispatcher, NullLogger.Instance);
        await using var second = new HttpServer(
            new HttpEndpoints(first.UnixPath, [first.Tcp], 1024), first.Services,
            new HandOver("", static (_, _) => ValueTask.FromResult(false), NullLogger.Instance, CancellationToken.None), thinClients, NullLogger.Instance);
        ConfigurationException error = await Assert.ThrowsAsync<ConfigurationException>(() => second.StartAsync(CancellationToken.None));
        Assert.Contains(first.Tcp.ToString(), error.Message, StringComparison.Ordinal);
        (_, string body) = await first.PostAsync(Document("system.isAlive:x", "1"), unix: true);
        Assert.Contains("<value>1</value>", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ImplicitMessagesReadAndWriteRows()
    {
        await using XapiServer server = await XapiServer.StartAsync();
        Value session = await server.LoginAsync();
        Value self = await server.CallAsync("task.create", session, new Value.Text("label"), new Value.Text("text"));
        Assert.Equal("label", (await server.CallAsync("task.get_name_label", session, self)).AsString());
        Assert.Equal([self], (await server.CallAsync("task.get_by_name_label", session, new Value.Text("label"))).AsArray());
        await server.CallAsync("task.add_to_other_config", session, self, new Value.Text("k"), new Value.Text("v"));
        Value uuid = await server.CallAsync("task.get_uuid", session, self);
        Assert.Equal(self, await server.CallAsync("task.get_by_uuid", session, uuid));
        Value.Struct records = (await server.CallAsync("task.get_all_records", session)).AsStruct();
        Assert.Equal("v", records.Find(self.AsString())!.AsStruct().Find("other_config")!.AsStruct().Find("k")!.AsString());
        XenApiError missing = await Assert.ThrowsAsync<XenApiError>(() => server.CallAsync("task.get_record", session, new Value.Text("OpaqueRef:NULL")));
        Assert.Equal(("HANDLE_INVALID", "task"), (missing.Code, missing.Parameters[0]));
        XenApiError uuids = await Assert.ThrowsAsync<XenApiError>(() => server.CallAsync("VM.get_by_uuid", session, uuid));
        Assert.Equal(("UUID_INVALID", "VM"), (uuids.Code, uuids.Parameters[0]));
    }

    [Fact]
    public async Task ConnectionsAreKeptAliveAndGarbageEndsOnlyItsOwn()
    {
        await using XapiServer server = await XapiServer.StartAsync();
        using Socket good = await server.ConnectAsync();
        await XapiServer.PostAsync(good, Document("system.isAlive:x", "1"));
        foreach (string garbage in (string[])["\0\u0001\u0002\r\n\r\n", "NONSENSE\r\n\r\n", "PUT /services/xenops/x\r\n\r\n"])
        {
            using Socket bad = await server.ConnectAsync();
            await bad.SendAsync(Encoding.Latin1.GetBytes(garbage));
            (string head, _) = await XapiServer.ReadAsync(bad);
            Assert.StartsWith("HTTP/1.1 400", head, StringComparison.Ordinal);
            await XapiServer.EndsAsync(bad);
        }

        using Socket malformed = await server.ConnectAsync();
        (string refused, string page) = await XapiServer.PostAsync(malformed, "<methodCall><oops>");
        Assert.StartsWith("HTTP/1.1 500", refused, StringComparison.Ordinal);
        Assert.Contains("<html>", page, StringComparison.Ordinal);
        await XapiServer.EndsAsync(malformed);

        (_, string body) = await XapiServer.PostAsync(good, Document("system.isAlive:x", "2"));
        Assert.Contains("<value>2</value>", body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET /", "404")]
    [InlineData("GET /anything", "404")]
    [InlineData("PUT /anything", "403")]
    [InlineData("DELETE /", "501")]
    [InlineData("OPTIONS /", "200")]
    public async Task OtherRequestsHaveTheirStatus(string request, string status)
    {
        await using XapiServer server = await XapiServer.StartAsync();
        using Socket socket = await server.ConnectAsync();
        await socket.SendAsync(Encoding.ASCII.GetBytes($"{request} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"));
        (string head, _) = await XapiServer.ReadAsync(socket);
        Assert.StartsWith("HTTP/1.1 " + status, head, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TooLargeABodyIsRefused()
    {
        await using XapiServer server = await XapiServer.StartAsync();
        using Socket socket = await server.ConnectAsync();
        await socket.SendAsync("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1125899906842624\r\n\r\n"u8.ToArray());
        (string head, _) = await XapiServer.ReadAsync(socket);
        Assert.StartsWith("HTTP/1.1 500", head, StringComparison.Ordinal);
    }

    [Fact]
    public async Task MembersSendClientsToTheCoordinator()
    {
        await using XapiServer server = await XapiServer.StartAsync(coordinator: false);
        XenApiError login = await Assert.ThrowsAsync<XenApiError>(server.LoginAsync);
        Assert.Equal(("HOST_IS_SLAVE", "192.0.2.7"), (login.Code, login.Parameters[0]));
        Ref<session> session = await server.Database.Create(new session { uuid = Guid.NewGuid().ToString() });
        XenApiError call = await Assert.ThrowsAsync<XenApiError>(() => server.CallAsync("VM.get_all", new Value.Text(session.Text)));
        Assert.Equal("HOST_IS_SLAVE", call.Code);
    }

    [Fact]
    public async Task JsonRpcSpeaksBothVersions()
    {
        await using XapiServer server = await XapiServer.StartAsync();
        (string head, string two) = await server.PostAsync("{\"jsonrpc\":\"2.0\",\"method\":\"VM.get_all\",\"params\":[\"OpaqueRef:s\"],\"id\":7}", path: "/jsonrpc");
        Assert.Contains("content-type: application/json", head.ToLowerInvariant().Split("\r\n"));
        Assert.Equal("{\"jsonrpc\":\"2.0\",\"error\":{\"code\":1,\"message\":\"SESSION_INVALID\",\"data\":[\"OpaqueRef:s\"]},\"id\":7}", two);
        (_, string one) = await server.PostAsync("{\"method\":\"system.isAlive:x\",\"params\":[3],\"id\":\"a\"}", path: "/jsonrpc");
        Assert.Equal("{\"result\":3,\"error\":null,\"id\":\"a\"}", one);
    }
}
