using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Toolstack.Idl;
using Toolstack.Idl.XmlRpc;
using Toolstack.Xapi.Datamodel;
using Xunit;

namespace Toolstack.Tests.Xapi;

/// <summary>Answers as large as the database: sent while they are written, in chunks, whoever reads them and however slowly.</summary>
public class LongReplyTests
{
    private const int Rows = 400;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AreTheSameInEveryEncodingAndKeepTheConnection()
    {
        await using XapiServer server = await FilledAsync();
        Value session = await server.LoginAsync();
        using Socket socket = await server.ConnectAsync();
        (string head, byte[] xml) = await ChunkedAsync(socket, "/", Document("VM.get_all_records", session));
        Assert.Contains("transfer-encoding: chunked", head, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("\r\ncontent-type: text/xml\r\n", head, StringComparison.OrdinalIgnoreCase);
        Value.Struct records = XmlRpcEnvelope.ParseResponse(xml).AsStruct();
        Assert.Equal(Rows, records.Members.Length);
        (_, byte[] json) = await ChunkedAsync(socket, "/jsonrpc", Json("VM.get_all_records", session, version: "\"jsonrpc\":\"2.0\","));
        using JsonDocument two = JsonDocument.Parse(json);
        Assert.Equal(
            records.Members.Select(static m => (m.Key, m.Value.AsStruct().Find("name_label")!.AsString())).Order(),
            two.RootElement.GetProperty("result").EnumerateObject().Select(static m => (m.Name, m.Value.GetProperty("name_label").GetString()!)).Order());
        (_, json) = await ChunkedAsync(socket, "/jsonrpc", Json("VM.get_all_records", session, version: ""));
        using JsonDocument one = JsonDocument.Parse(json);
        Assert.Equal(JsonValueKind.Null, one.RootElement.GetProperty("error").ValueKind);
        Assert.Equal(Rows, one.RootElement.GetProperty("result").EnumerateObject().Count());
        (_, xml) = await ChunkedAsync(socket, "/", Document(
            "event.from", session, new Value.Array([new Value.Text("vm")]), new Value.Text(""), new Value.Float(60)));
        Assert.Equal(Rows, XmlRpcEnvelope.ParseResponse(xml).AsStruct().Find("events")!.AsArray().Length);
        (head, _) = await XapiServer.PostAsync(socket, Document("pool.get_all", session));
        Assert.StartsWith("HTTP/1.1 200", head, StringComparison.Ordinal);
        Assert.Contains("content-length", head, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>More clients than there are places for reads ask for everything and read nothing of it: whoever comes later is served all the same.</summary>
    [Fact]
    public async Task ThatNobodyReadsHoldUpNoOtherRead()
    {
        await using XapiServer server = await FilledAsync();
        Value session = await server.LoginAsync();
        List<Socket> sockets = [];
        try
        {
            byte[] request = Encoding.UTF8.GetBytes(Document("VM.get_all_records", session));
            for (int i = 0; i < 4 * Environment.ProcessorCount + 4; i++)
            {
                Socket socket = await server.ConnectAsync();
                sockets.Add(socket);
                socket.ReceiveBufferSize = 4096;
                await socket.SendAsync(Encoding.ASCII.GetBytes($"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {request.Length}\r\n\r\n"), Cancel);
                await socket.SendAsync(request, Cancel);
            }

            Value other = await server.LoginAsync();
            Assert.Equal(Rows, (await server.CallAsync("VM.get_all", other)).AsArray().Length);
            Assert.Equal(Rows, (await server.CallAsync("VM.get_all", session)).AsArray().Length);
        }
        finally
        {
            sockets.ForEach(static s => s.Dispose());
        }
    }

    [Fact]
    public async Task EndTheConnectionOfAClientOfHttp10()
    {
        await using XapiServer server = await FilledAsync();
        Value session = await server.LoginAsync();
        string body = Document("VM.get_all_records", session);
        using Socket socket = await server.ConnectAsync();
        await socket.SendAsync(Encoding.UTF8.GetBytes($"POST / HTTP/1.0\r\nContent-Length: {body.Length}\r\n\r\n{body}"), Cancel);
        using var stream = new NetworkStream(socket);
        using var reader = new StreamReader(stream);
        string answer = await reader.ReadToEndAsync(Cancel);
        int end = answer.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        Assert.Contains("connection: close", answer[..end], StringComparison.OrdinalIgnoreCase);
        Assert.Equal(Rows, XmlRpcEnvelope.ParseResponse(Encoding.UTF8.GetBytes(answer[(end + 4)..])).AsStruct().Members.Length);
    }

    private static async Task<XapiServer> FilledAsync()
    {
        XapiServer server = await XapiServer.StartAsync();
        for (int i = 0; i < Rows; i++)
        {
            await server.Database.Create(new VM { uuid = Guid.NewGuid().ToString(), name_label = $"<{i}>", name_description = new string('d', 1000) }, Cancel);
        }

        return server;
    }

    private static string Document(string method, params Value[] arguments)
    {
        var call = new System.Buffers.ArrayBufferWriter<byte>();
        XmlRpcEnvelope.WriteCall(call, method, arguments);
        return Encoding.UTF8.GetString(call.WrittenSpan);
    }

    private static string Json(string method, Value session, string version) =>
        $"{{{version}\"method\":\"{method}\",\"params\":[\"{session.AsString()}\"],\"id\":1}}";

    private static async Task<(string Head, byte[] Body)> ChunkedAsync(Socket socket, string path, string document)
    {
        byte[] body = Encoding.UTF8.GetBytes(document);
        await socket.SendAsync(Encoding.ASCII.GetBytes($"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {body.Length}\r\n\r\n"), Cancel);
        await socket.SendAsync(body, Cancel);
        using var stream = new NetworkStream(socket);
        string head = "";
        while (!head.EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            head += (char)await ByteAsync(stream);
        }

        using var whole = new MemoryStream();
        while (true)
        {
            string size = "";
            while (!size.EndsWith("\r\n", StringComparison.Ordinal))
            {
                size += (char)await ByteAsync(stream);
            }

            byte[] chunk = new byte[Convert.ToInt32(size.Trim(), 16) + 2];
            await stream.ReadExactlyAsync(chunk, Cancel);
            if (chunk.Length == 2)
            {
                return (head, whole.ToArray());
            }

            whole.Write(chunk, 0, chunk.Length - 2);
        }
    }

    private static async Task<byte> ByteAsync(NetworkStream stream)
    {
        byte[] one = new byte[1];
        await stream.ReadExactlyAsync(one, Cancel);
        return one[0];
    }
}
