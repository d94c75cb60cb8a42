using System.Net.Sockets;
using System.Text;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Xunit;

namespace Toolstack.Tests.Xapi;

/// <summary>What clients should not send: each has its error, or ends its own connection and nothing else.</summary>
public class BadInputTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static Value.Text Text(string text) => new Value.Text(text);

    [Fact]
    public async Task ArgumentsThatDoNotFitAreNamed()
    {
        await using XapiServer server = await XapiServer.StartAsync();
        Value session = await server.LoginAsync();
        string vm = (await server.Database.Create(new VM { uuid = Guid.NewGuid().ToString() }, Cancel)).ToString();

        // Too few, too many, an unknown name, with and without a session.
        await FailsAsync(server, ["MESSAGE_PARAMETER_COUNT_MISMATCH", "VM.set_name_label", "2", "1"], "VM.set_name_label", session, Text(vm));
        await FailsAsync(server, ["MESSAGE_PARAMETER_COUNT_MISMATCH", "VM.get_all", "0", "1"], "VM.get_all", session, Text(vm));
        await FailsAsync(server, ["MESSAGE_METHOD_UNKNOWN", "VM.fly"], "VM.fly", session);
        await FailsAsync(server, ["MESSAGE_METHOD_UNKNOWN", "VM.fly"], "Async.VM.fly");

        // Other types: a text for a number, a number for a set, a text for a record.
        await FailsWithAsync(server, "INTERNAL_ERROR", "VM.set_user_version", session, Text(vm), Text("many"));
        await FailsWithAsync(server, "INTERNAL_ERROR", "VM.set_tags", session, Text(vm), new Value.Int(3));
        await FailsWithAsync(server, "INTERNAL_ERROR", "secret.create", session, Text("record"));
        await FailsWithAsync(server, "INTERNAL_ERROR", "VM.set_is_a_template", session, Text(vm), Text("perhaps"));

        // An unknown word of an enumeration, references to nothing, to another class and to no object at all.
        await FailsWithAsync(server, "INTERNAL_ERROR", "VM.set_actions_after_shutdown", session, Text(vm), Text("explode"));
        await FailsAsync(server, ["HANDLE_INVALID", "VM", "OpaqueRef:NULL"], "VM.get_record", session, Text("OpaqueRef:NULL"));
        await FailsAsync(server, ["HANDLE_INVALID", "host", vm], "host.get_record", session, Text(vm));
        await FailsAsync(server, ["HANDLE_INVALID", "VM", "'; drop table"], "VM.get_record", session, Text("'; drop table"));
        await FailsAsync(server, ["UUID_INVALID", "VM", "x"], "VM.get_by_uuid", session, Text("x"));
        await FailsAsync(server, ["SESSION_INVALID", "x"], "VM.get_all", Text("x"));
    }

    [Theory]
    [InlineData("/", "<methodCall><methodName>VM.get_by_name_label</methodName><params><param><value>s</value></param><param><value>\u00ff</value></param></params></methodCall>")]
    [InlineData("/RPC2", "<methodCall><methodName>VM.get_by_name_label</methodName><params><param><value>s</value></param><param><value><string>a\u00c3</string></value></param></params></methodCall>")]
    public async Task TextThatIsNoUtf8HasItsError(string path, string latin)
    {
        await using XapiServer server = await XapiServer.StartAsync();
        using Socket socket = await server.ConnectAsync();
        byte[] body = Encoding.Latin1.GetBytes(latin);
        await socket.SendAsync(Encoding.ASCII.GetBytes($"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {body.Length}\r\n\r\n"), Cancel);
        await socket.SendAsync(body, Cancel);
        (string head, string answer) = await XapiServer.ReadAsync(socket);
        Assert.StartsWith("HTTP/1.1 200", head, StringComparison.Ordinal);
        Assert.Contains("<value>INVALID_VALUE</value><value>Invalid UTF-8 string in parameter</value>", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/", "<methodCall><methodName>system.isAlive:x</methodName><params><param><value>1")]
    [InlineData("/", "")]
    [InlineData("/", "<methodCall><methodName>system.isAlive:x</methodName></wrong>")]
    [InlineData("/jsonrpc", "{\"method\":\"system.isAlive:x\",\"params\":[1")]
    [InlineData("/jsonrpc", "{\"method\":\"system.isAlive:x\",\"params\":[1]}")]
    [InlineData("/jsonrpc", "[]")]
    [InlineData("/jsonrpc", "{\"jsonrpc\":\"3.0\",\"method\":\"system.isAlive:x\",\"params\":[1],\"id\":1}")]
    public async Task ADocumentThatIsNoCallEndsItsConnection(string path, string document)
    {
        await using XapiServer server = await XapiServer.StartAsync();
        using Socket socket = await server.ConnectAsync();
        (string head, _) = await XapiServer.PostAsync(socket, document, path);
        Assert.StartsWith("HTTP/1.1 500", head, StringComparison.Ordinal);
        await XapiServer.EndsAsync(socket);
    }

    /// <summary>A body that ends before its stated length, one that comes byte by byte, and connections that nobody uses.</summary>
    [Fact]
    public async Task SlowHalfAndSilentClientsHoldUpNobody()
    {
        const string Body = "<methodCall><methodName>system.isAlive:x</methodName><params><param><value>slow</value></param></params></methodCall>";
        await using XapiServer server = await XapiServer.StartAsync();
        List<Socket> silent = [];
        try
        {
            for (int i = 0; i < 200; i++)
            {
                Socket socket = await server.ConnectAsync();
                silent.Add(socket);
                if (i % 2 == 0)
                {
                    await socket.SendAsync("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n<methodCall>"u8.ToArray(), Cancel);
                }
            }

            using Socket slow = await server.ConnectAsync();
            slow.NoDelay = true;
            await slow.SendAsync(Encoding.ASCII.GetBytes($"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {Body.Length}\r\n\r\n"), Cancel);
            foreach (byte one in Encoding.ASCII.GetBytes(Body))
            {
                await slow.SendAsync(new[] { one }, Cancel);
            }

            Assert.Contains("<value>slow</value>", (await XapiServer.ReadAsync(slow)).Body, StringComparison.Ordinal);
            using Socket half = await server.ConnectAsync();
            await half.SendAsync(Encoding.ASCII.GetBytes($"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {Body.Length}\r\n\r\n{Body[..20]}"), Cancel);
            half.Shutdown(SocketShutdown.Send);
            await XapiServer.EndsAsync(half);
            Assert.Contains("<value>slow</value>", (await server.PostAsync(Body)).Body, StringComparison.Ordinal);
        }
        finally
        {
            silent.ForEach(static s => s.Dispose());
        }
    }

    /// <summary>Where texts are kept they are texts of XML: one is refused whole as the value of a field, and cut where it is added.</summary>
    [Fact]
    public async Task CharactersThatXmlDoesNotHaveStayOutOfTheDatabase()
    {
        await using XapiServer server = await XapiServer.StartAsync();
        Value session = await server.LoginAsync();
        string vm = (await server.Database.Create(new VM { uuid = Guid.NewGuid().ToString(), name_label = "made\u0001up" }, Cancel)).ToString();
        Assert.Equal(Text("made"), await server.CallAsync("VM.get_name_label", session, Text(vm)));
        string body = $"{{\"method\":\"VM.set_name_label\",\"params\":[\"{session.AsString()}\",\"{vm}\",\"a\\u0001b\"],\"id\":1}}";
        (_, string answer) = await server.PostAsync(body, path: "/jsonrpc");
        Assert.Equal("{\"result\":null,\"error\":[\"INVALID_VALUE\",\"name_label\",\"a\"],\"id\":1}", answer);
        body = $"{{\"method\":\"VM.add_to_other_config\",\"params\":[\"{session.AsString()}\",\"{vm}\",\"key\\uffff2\",\"val\\u0000ue\"],\"id\":1}}";
        (_, answer) = await server.PostAsync(body, path: "/jsonrpc");
        Assert.Equal("{\"result\":\"\",\"error\":null,\"id\":1}", answer);
        Value.Struct config = (await server.CallAsync("VM.get_other_config", session, Text(vm))).AsStruct();
        Assert.Equal(("key", "val"), (config.Members[0].Key, config.Members[0].Value.AsString()));
        await server.CallAsync("VM.set_name_description", session, Text(vm), Text("tab\tline\n horse \U0001F434"));
        Assert.Equal(Text("tab\tline\n horse \U0001F434"), await server.CallAsync("VM.get_name_description", session, Text(vm)));
    }

    private static async Task FailsAsync(XapiServer server, string[] description, string method, params Value[] arguments)
    {
        XenApiError error = await Assert.ThrowsAsync<XenApiError>(() => server.CallAsync(method, arguments));
        Assert.Equal(description, error.Parameters.Insert(0, error.Code));
    }

    private static async Task FailsWithAsync(XapiServer server, string code, string method, params Value[] arguments) =>
        Assert.Equal(code, (await Assert.ThrowsAsync<XenApiError>(() => server.CallAsync(method, arguments))).Code);
}
