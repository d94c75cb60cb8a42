using System.Net.Sockets;
using System.Text;
using Toolstack.Idl;
using Toolstack.Xapi.Access;
using Toolstack.Xapi.Datamodel;
using Xunit;

namespace Toolstack.Tests.Xapi;

public class SessionTests
{
    private static Value.Text Text(string text) => new(text);

    [Fact]
    public async Task LocalSessionsWorkWithoutTheDatabaseAndEnd()
    {
        await using XapiServer server = await XapiServer.StartAsync();
        Value local = await server.CallAsync("session.slave_local_login", Text("pool-secret"));
        Assert.Equal(0, server.Database.Count(session.Info));
        await server.CallAsync("VM.get_all", local);
        await server.CallAsync("session.local_logout", local);
        XenApiError error = await Assert.ThrowsAsync<XenApiError>(() => server.CallAsync("VM.get_all", local));
        Assert.Equal("SESSION_INVALID", error.Code);
        XenApiError wrong = await Assert.ThrowsAsync<XenApiError>(() => server.CallAsync("session.slave_local_login", Text("other")));
        Assert.Equal("SESSION_AUTHENTICATION_FAILED", wrong.Code);
        await server.CallAsync("session.slave_local_login_with_password", Text("root"), Text("secret"));
    }

    [Fact]
    public async Task AMemberTakesLocalSessionsToo()
    {
        await using XapiServer member = await XapiServer.StartAsync(coordinator: false);
        Value local = await member.CallAsync("session.slave_local_login", Text("pool-secret"));
        await member.CallAsync("session.local_logout", local);
    }

    [Fact]
    public async Task ThePasswordIsChangedForTheNextLogin()
    {
        await using XapiServer server = await XapiServer.StartAsync();
        Value session = await server.LoginAsync();
        await server.CallAsync("session.change_password", session, Text("not asked for"), Text("new"));
        XenApiError old = await Assert.ThrowsAsync<XenApiError>(server.LoginAsync);
        Assert.Equal("SESSION_AUTHENTICATION_FAILED", old.Code);
        await server.CallAsync("session.login_with_password", Text("root"), Text("new"));
    }

    [Fact]
    public async Task ASubjectsSessionMayWhatItsRolesAllow()
    {
        await using XapiServer server = await XapiServer.StartAsync();
        Value root = await server.LoginAsync();
        Value subject = await server.CallAsync("subject.create", root, new Value.Struct([new("subject_identifier", Text("S-1-5"))]));
        XenApiError twice = await Assert.ThrowsAsync<XenApiError>(() => server.CallAsync("subject.create", root, new Value.Struct([new("subject_identifier", Text("S-1-5"))])));
        Assert.Equal("SUBJECT_ALREADY_EXISTS", twice.Code);
        Value admin = (await server.CallAsync("role.get_by_name_label", root, Text("pool-admin"))).AsArray()[0];
        Value reader = (await server.CallAsync("role.get_by_name_label", root, Text("read-only"))).AsArray()[0];
        await server.CallAsync("subject.remove_from_roles", root, subject, admin);
        await server.CallAsync("subject.add_to_roles", root, subject, reader);
        XenApiError has = await Assert.ThrowsAsync<XenApiError>(() => server.CallAsync("subject.add_to_roles", root, subject, reader));
        Assert.Equal("ROLE_ALREADY_EXISTS", has.Code);
        string[] permissions = [.. (await server.CallAsync("subject.get_permissions_name_label", root, subject)).AsArray().Select(p => p.AsString())];
        Assert.Contains("vm.get_all", permissions);
        Assert.DoesNotContain("secret.get_all", permissions);

        Ref<session> self = await server.Services.Sessions.CreateForAsync(new session
        {
            subject = new Ref<subject>(subject.AsString()),
            auth_user_sid = "S-1-5",
            auth_user_name = "someone",
            rbac_permissions = [.. permissions],
        }, TestContext.Current.CancellationToken);
        await server.CallAsync("VM.get_all", Text(self.Text));
        XenApiError denied = await Assert.ThrowsAsync<XenApiError>(() => server.CallAsync("secret.get_all", Text(self.Text)));
        Assert.Equal(("RBAC_PERMISSION_DENIED", "secret.get_all"), (denied.Code, denied.Parameters[0]));
        Assert.Equal(["S-1-5"], (await server.CallAsync("session.get_all_subject_identifiers", root)).AsArray().Select(s => s.AsString()));
        await server.CallAsync("session.logout_subject_identifier", root, Text("S-1-5"));
        XenApiError gone = await Assert.ThrowsAsync<XenApiError>(() => server.CallAsync("VM.get_all", Text(self.Text)));
        Assert.Equal("SESSION_INVALID", gone.Code);
    }

    [Fact]
    public async Task RolesAreObjectsWithoutRows()
    {
        await using XapiServer server = await XapiServer.StartAsync();
        Value root = await server.LoginAsync();
        Value.Struct records = (await server.CallAsync("role.get_all_records", root)).AsStruct();
        Assert.Equal(RoleDirectory.Instance.Value.Rows.Count, records.Members.Length);
        Value[] permission = [.. (await server.CallAsync("role.get_by_permission_name_label", root, Text("VM.start"))).AsArray()];
        Assert.Equal(5, permission.Length);
        Value uuid = await server.CallAsync("role.get_uuid", root, permission[0]);
        Assert.Equal(permission[0], await server.CallAsync("role.get_by_uuid", root, uuid));
        XenApiError unknown = await Assert.ThrowsAsync<XenApiError>(() => server.CallAsync("role.get_by_permission_name_label", root, Text("no.such")));
        Assert.Equal("ROLE_NOT_FOUND", unknown.Code);
        XenApiError auth = await Assert.ThrowsAsync<XenApiError>(() => server.CallAsync("auth.get_subject_identifier", root, Text("x")));
        Assert.Equal("AUTH_IS_DISABLED", auth.Code);
    }

    [Fact]
    public async Task AMemberThatIsNotInItsPoolYetSaysSo()
    {
        await using XapiServer server = await XapiServer.StartAsync();
        Value root = await server.LoginAsync();
        server.Services.Emergency = new XenApiError("HOST_STILL_BOOTING");
        Assert.Equal("HOST_STILL_BOOTING", (await Assert.ThrowsAsync<XenApiError>(() => server.CallAsync("VM.get_all", root))).Code);
        (_, string json) = await server.PostAsync("{\"method\":\"VM.get_all\",\"params\":[\"x\"],\"id\":\"a\"}", path: "/jsonrpc");
        Assert.Equal("{\"jsonrpc\":\"2.0\",\"error\":[\"HOST_STILL_BOOTING\"],\"id\":0}", json);
        await server.CallAsync("session.slave_local_login", Text("pool-secret"));
    }

    [Fact]
    public async Task BlobsTravelOverHttp()
    {
        await using XapiServer server = await XapiServer.StartAsync();
        Value root = await server.LoginAsync();
        Value self = await server.CallAsync("blob.create", root, Text("text/plain"), new Value.Bool(false));
        Assert.StartsWith("HTTP/1.1 401", (await RequestAsync(server, $"PUT /blob?ref={self.AsString()} HTTP/1.1\r\nContent-Length: 3\r\n", "abc")).Head, StringComparison.Ordinal);
        string path = $"/blob?ref={self.AsString()}&session_id={root.AsString()}";
        Assert.StartsWith("HTTP/1.1 200", (await RequestAsync(server, $"PUT {path} HTTP/1.1\r\nContent-Length: 3\r\n", "abc")).Head, StringComparison.Ordinal);
        (string head, string body) = await RequestAsync(server, $"GET {path} HTTP/1.1\r\n", "");
        Assert.Contains("content-type: text/plain", head.ToLowerInvariant(), StringComparison.Ordinal);
        Assert.Equal("abc", body);
        Assert.Equal(3, (await server.CallAsync("blob.get_size", root, self)).AsInt());
        await RequestAsync(server, $"PUT {path} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n", "2\r\nxy\r\n0\r\n\r\n");
        Assert.Equal("xy", (await RequestAsync(server, $"GET {path} HTTP/1.1\r\n", "")).Body);
        await server.CallAsync("blob.set_public", root, self, new Value.Bool(true));
        Assert.Equal("xy", (await RequestAsync(server, $"GET /blob?ref={self.AsString()} HTTP/1.1\r\n", "")).Body);
        string basic = Convert.ToBase64String(Encoding.UTF8.GetBytes("root:secret"));
        Assert.StartsWith("HTTP/1.1 404", (await RequestAsync(server, $"GET /blob?ref=x HTTP/1.1\r\nAuthorization: Basic {basic}\r\n", "")).Head, StringComparison.Ordinal);
        await server.CallAsync("blob.destroy", root, self);
        Assert.StartsWith("HTTP/1.1 404", (await RequestAsync(server, $"GET {path} HTTP/1.1\r\n", "")).Head, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NoticesComeAsEventsAndGo()
    {
        await using XapiServer server = await XapiServer.StartAsync();
        Value root = await server.LoginAsync();
        Ref<pool> pool = await server.Database.Create(new pool { uuid = Guid.NewGuid().ToString() });
        string uuid = (await server.Database.Get(pool)).uuid;
        string token = (await server.CallAsync("event.from", root, new Value.Array([Text("message")]), Text(""), new Value.Float(0))).AsStruct().Find("token")!.AsString();
        Task<Value> waiting = server.CallAsync("event.from", root, new Value.Array([Text("message")]), Text(token), new Value.Float(30));
        Value self = await server.CallAsync("message.create", root, Text("HELLO"), new Value.Int(3), Text("Pool"), Text(uuid), Text("body"));
        Value.Struct e = (await waiting).AsStruct().Find("events")!.AsArray()[0].AsStruct();
        Assert.Equal(("add", "message", self.AsString(), "0"), (e.Find("operation")!.AsString(), e.Find("class")!.AsString(), e.Find("ref")!.AsString(), e.Find("id")!.AsString()));
        Assert.Equal("HELLO", e.Find("snapshot")!.AsStruct().Find("name")!.AsString());
        Assert.Single((await server.CallAsync("message.get", root, Text("Pool"), Text(uuid), Text("19700101T00:00:00Z"))).AsStruct().Members);
        Assert.Single((await server.CallAsync("message.get_all_records_where", root, Text($"field \"obj_uuid\" = \"{uuid}\""))).AsStruct().Members);
        XenApiError unknown = await Assert.ThrowsAsync<XenApiError>(() => server.CallAsync("message.create", root, Text("X"), new Value.Int(3), Text("VM"), Text(uuid), Text("")));
        Assert.Equal(("UUID_INVALID", "VM"), (unknown.Code, unknown.Parameters[0]));
        await server.CallAsync("message.destroy", root, self);
        Assert.Empty((await server.CallAsync("message.get_all", root)).AsArray());
    }

    private static async Task<(string Head, string Body)> RequestAsync(XapiServer server, string head, string body)
    {
        using Socket socket = await server.ConnectAsync();
        await socket.SendAsync(Encoding.UTF8.GetBytes($"{head}Host: x\r\n\r\n{body}"));
        return await XapiServer.ReadAsync(socket);
    }
}
