using System.Net.Sockets;
using System.Text;
using Toolstack.Idl;
using Toolstack.Tests.Xapi;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Http;
using Xunit;

namespace Toolstack.Tests.Fuzz;

/// <summary>What clients send beside documents: requests, queries, dumps and HTTP itself, damaged. Only the declared errors come of it, and
/// a server goes on serving.</summary>
public sealed class ApiFuzzTests
{
    /// <summary>Connections are slower than documents: one for so many rounds.</summary>
    private const int RoundsPerConnection = 100;

    [Fact]
    public void JsonRpcRequests() => Rounds.Run(
        Encoding.UTF8.GetBytes("""{"jsonrpc":"2.0","method":"VM.get_record","params":["OpaqueRef:s","OpaqueRef:v"],"id":1}"""),
        bytes => JsonRpcRequest.Parse(bytes), static error => error is HttpRefusal);

    [Fact]
    public void Queries() => Rounds.Run(
        Encoding.UTF8.GetBytes("not (field \"name__label\" = \"x\" or field \"power_state\"=\"Running\") and \"a\"=\"a\" or true"),
        static bytes => Query.Parse(Encoding.UTF8.GetString(bytes)).Matches(static column => column), static error => error is XenApiError { Code: "INVALID_VALUE" });

    [Fact]
    public void DatabaseDumps() => Rounds.Run(
        Encoding.UTF8.GetBytes("<?xml version=\"1.0\"?><database><manifest><pair key=\"generation_count\" value=\"7\"/></manifest><table name=\"VM\">"
            + "<row ref=\"OpaqueRef:1\" __ctime=\"1\" __mtime=\"2\" _ref=\"OpaqueRef:1\" uuid=\"u\" name__label=\"a%.b&amp;\" other_config=\"(('k' 'v'))\" is_a_template=\"true\"/>"
            + "</table></database>"),
        static bytes => StateXmlReader.Read(bytes, "fuzz", Datamodel.Classes), static error => error is DatabaseFileException);

    [Fact]
    public void MigrationHeads() => Rounds.Run(
        "PUT /services/xenops/memory/x?session_id=s&a=%20b HTTP/1.1\r\nHost: x\r\nCookie: dbg=1; session_id=2\r\n\r\n"u8.ToArray(),
        static bytes =>
        {
            if (HandOverRequest.HeadLength(bytes) is > 0 and int length)
            {
                HandOverRequest.Parse(bytes.AsSpan(0, length))?.ToJson();
            }
        }, static _ => false);

    [Fact]
    public async Task Requests()
    {
        const string Body = "<methodCall><methodName>system.isAlive:x</methodName><params><param><value>y</value></param></params></methodCall>";
        byte[] valid = Encoding.ASCII.GetBytes($"POST /RPC2 HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\nContent-Length: {Body.Length}\r\n\r\n{Body}");
        await using XapiServer server = await XapiServer.StartAsync();
        for (var seed = 0; seed < Math.Max(Rounds.Count / RoundsPerConnection, 100); seed++)
        {
            using Socket socket = await server.ConnectAsync(unix: seed % 2 == 0);
            try
            {
                await socket.SendAsync(new Mutator(seed).Mutate(valid));
                socket.Shutdown(SocketShutdown.Send);
                byte[] answer = new byte[4096];
                using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
                while (await socket.ReceiveAsync(answer, limit.Token) > 0)
                {
                    // Whatever it says: the connection ends.
                }
            }
            catch (SocketException)
            {
                // Cut off while sending.
            }
        }

        (_, string alive) = await server.PostAsync(Body);
        Assert.Contains("<value>y</value>", alive, StringComparison.Ordinal);
    }
}
