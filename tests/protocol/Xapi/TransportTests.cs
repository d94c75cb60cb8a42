using System.IO.Compression;
using System.Net.Sockets;
using System.Text;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Xunit;

namespace Toolstack.Tests.Xapi;

/// <summary>What HTTP allows clients to do, and what it does not.</summary>
public class TransportTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static string Alive(string text) => $"<methodCall><methodName>system.isAlive:x</methodName><params><param><value>{text}</value></param></params></methodCall>";

    [Fact]
    public async Task RequestsMayBePipelined()
    {
        await using XapiServer server = await XapiServer.StartAsync();
        using Socket socket = await server.ConnectAsync();
        var requests = new StringBuilder();
        for (int i = 0; i < 20; i++)
        {
            string body = Alive($"n{i}");
            requests.Append($"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {body.Length}\r\n\r\n{body}");
        }

        await socket.SendAsync(Encoding.ASCII.GetBytes(requests.ToString()), Cancel);
        string all = "";
        byte[] bytes = new byte[4096];
        while (!all.Contains("<value>n19</value>", StringComparison.Ordinal))
        {
            int read = await socket.ReceiveAsync(bytes, Cancel);
            Assert.NotEqual(0, read);
            all += Encoding.ASCII.GetString(bytes, 0, read);
        }

        int[] places = [.. Enumerable.Range(0, 20).Select(i => all.IndexOf($"<value>n{i}</value>", StringComparison.Ordinal))];
        Assert.Equal(places.Order(), places);
    }

    [Fact]
    public async Task ABodyMayComeInChunks()
    {
        await using XapiServer server = await XapiServer.StartAsync();
        using Socket socket = await server.ConnectAsync();
        string body = Alive("chunked");
        await socket.SendAsync(Encoding.ASCII.GetBytes(
            $"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{10:x}\r\n{body[..10]}\r\n{body.Length - 10:x}\r\n{body[10..]}\r\n0\r\n\r\n"), Cancel);
        (_, string answer) = await XapiServer.ReadAsync(socket);
        Assert.Contains("<value>chunked</value>", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gzip, deflate", true)]
    [InlineData("deflate;q=0.5, GZIP;q=1.0", true)]
    [InlineData("gzip;q=0", false)]
    [InlineData("identity", false)]
    public async Task AnswersAreCompressedForThoseWhoAsk(string asked, bool compressed)
    {
        await using XapiServer server = await XapiServer.StartAsync();
        using Socket socket = await server.ConnectAsync();
        string text = new('a', 5000);
        string body = Alive(text);
        await socket.SendAsync(Encoding.ASCII.GetBytes($"POST / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: {asked}\r\nConnection: close\r\nContent-Length: {body.Length}\r\n\r\n{body}"), Cancel);
        using var all = new MemoryStream();
        byte[] bytes = new byte[8192];
        while (await socket.ReceiveAsync(bytes, Cancel) is > 0 and int read)
        {
            all.Write(bytes, 0, read);
        }

        byte[] answer = all.ToArray();
        int end = answer.AsSpan().IndexOf("\r\n\r\n"u8);
        string head = Encoding.ASCII.GetString(answer, 0, end).ToLowerInvariant();
        Assert.Equal(compressed, head.Contains("content-encoding: gzip", StringComparison.Ordinal));
        Stream content = new MemoryStream(answer, end + 4, answer.Length - end - 4);
        using var reader = new StreamReader(compressed ? new GZipStream(content, CompressionMode.Decompress) : content);
        Assert.Contains(text, await reader.ReadToEndAsync(Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task DeepNestingAndDocumentTypesAreRefused()
    {
        await using XapiServer server = await XapiServer.StartAsync();
        string deep = string.Concat(Enumerable.Repeat("<value><array><data>", 5000));
        (string head, _) = await server.PostAsync($"<methodCall><methodName>x</methodName><params><param>{deep}");
        Assert.StartsWith("HTTP/1.1 500", head, StringComparison.Ordinal);
        (head, _) = await server.PostAsync("<!DOCTYPE x [<!ENTITY a \"b\">]>" + Alive("&a;"));
        Assert.StartsWith("HTTP/1.1 500", head, StringComparison.Ordinal);
        (head, _) = await server.PostAsync(new string('[', 5000), path: "/jsonrpc");
        Assert.StartsWith("HTTP/1.1 500", head, StringComparison.Ordinal);
    }

    /// <summary>Whoever begins a migration request and does not go on is cut off beyond a bound, and others are served meanwhile.</summary>
    [Fact]
    public async Task HalfSentHeadsAreBounded()
    {
        await using XapiServer server = await XapiServer.StartAsync();
        List<Socket> sockets = [];
        try
        {
            for (int i = 0; i < 400; i++)
            {
                Socket socket = await server.ConnectAsync();
                sockets.Add(socket);
                await socket.SendAsync("PUT /services/xenops/m"u8.ToArray(), Cancel);
            }

            (_, string body) = await server.PostAsync(Alive("still here"));
            Assert.Contains("still here", body, StringComparison.Ordinal);
            int refused = 0;
            foreach (Socket socket in sockets)
            {
                refused += socket.Poll(0, SelectMode.SelectRead) ? 1 : 0;
            }

            Assert.True(refused >= 400 - Toolstack.Xapi.Http.HttpLimits.MaxHandOvers - 1, $"{refused} refused");
        }
        finally
        {
            sockets.ForEach(static s => s.Dispose());
        }
    }

    [Fact]
    public async Task TheDatabaseIsShownAndCheckedAsXml()
    {
        await using XapiServer server = await XapiServer.StartAsync();
        Value session = await server.LoginAsync();
        Value network = await server.CallAsync("network.create", session, new Value.Struct([new("name_label", new Value.Text("a <b> & \"c\"\n%")), new("other_config", new Value.Struct([]))]));
        using Socket socket = await server.ConnectAsync(unix: true);
        await socket.SendAsync("GET /pool/xmldbdump HTTP/1.0\r\n\r\n"u8.ToArray(), Cancel);
        using var all = new MemoryStream();
        byte[] bytes = new byte[65536];
        while (await socket.ReceiveAsync(bytes, Cancel) is > 0 and int read)
        {
            all.Write(bytes, 0, read);
        }

        string answer = Encoding.UTF8.GetString(all.ToArray());
        string dump = answer[answer.IndexOf("<?xml", StringComparison.Ordinal)..];
        Assert.Contains($"<row ref=\"{network.AsString()}\"", dump, StringComparison.Ordinal);
        Assert.Contains("name__label=\"a%.&lt;b&gt;%.&amp;%.&quot;c&quot;%n%%\"", dump, StringComparison.Ordinal);
        Assert.Contains("<table name=\"session\"></table>", dump, StringComparison.Ordinal);
        foreach ((string document, string status) in new[] { (dump, "200"), (dump[..^30], "400"), ("<x/>", "400") })
        {
            using Socket put = await server.ConnectAsync(unix: true);
            await put.SendAsync(Encoding.UTF8.GetBytes($"PUT /pool/xmldbdump?dry_run=true HTTP/1.1\r\nHost: x\r\nContent-Length: {Encoding.UTF8.GetByteCount(document)}\r\n\r\n{document}"), Cancel);
            (string head, _) = await XapiServer.ReadAsync(put);
            Assert.StartsWith("HTTP/1.1 " + status, head, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task NetworksAndInterfacesAreValidated()
    {
        await using XapiServer server = await XapiServer.StartAsync();
        Value session = await server.LoginAsync();
        Ref<host> host = await server.Database.Create(new host { uuid = Guid.NewGuid().ToString() });
        Value home = new Value.Text(host.Text);
        Value[] pifs = [.. await Task.WhenAll(Introduce("00:11:22:33:44:55", "eth0"), Introduce("00:11:22:33:44:56", "eth1"))];
        Assert.Equal("MAC_INVALID", (await Assert.ThrowsAsync<XenApiError>(() => Introduce("nonsense", "eth2"))).Code);
        Assert.Equal("DUPLICATE_PIF_DEVICE_NAME", (await Assert.ThrowsAsync<XenApiError>(() => Introduce("00:11:22:33:44:57", "eth0"))).Code);

        Value network = await NetworkAsync();
        Value vlan = await server.CallAsync("VLAN.create", session, pifs[0], new Value.Int(7), network);
        Assert.Equal("VLAN_TAG_INVALID", (await Fails("VLAN.create", pifs[0], new Value.Int(5000), network)).Code);
        Assert.Equal("PIF_VLAN_EXISTS", (await Fails("VLAN.create", pifs[0], new Value.Int(7), await NetworkAsync())).Code);
        Assert.Equal("NETWORK_ALREADY_CONNECTED", (await Fails("VLAN.create", pifs[1], new Value.Int(8), network)).Code);
        Assert.Equal("PIF_VLAN_STILL_EXISTS", (await Fails("PIF.forget", pifs[0])).Code);
        Assert.Equal("NETWORK_CONTAINS_PIF", (await Fails("network.destroy", network)).Code);
        await server.CallAsync("VLAN.destroy", session, vlan);
        await server.CallAsync("network.destroy", session, network);

        Value bonded = await NetworkAsync();
        Assert.Equal("PIF_BOND_NEEDS_MORE_MEMBERS", (await Fails("Bond.create", bonded, new Value.Array([pifs[0]]), new Value.Text(""))).Code);
        Value bond = await server.CallAsync("Bond.create", session, bonded, new Value.Array([.. pifs]), new Value.Text(""));
        Assert.Equal(pifs.Select(p => p.AsString()).Order(), (await server.CallAsync("Bond.get_slaves", session, bond)).AsArray().Select(p => p.AsString()).Order());
        Assert.Equal("CANNOT_ADD_VLAN_TO_BOND_SLAVE", (await Fails("VLAN.create", pifs[0], new Value.Int(9), await NetworkAsync())).Code);
        await server.CallAsync("Bond.destroy", session, bond);
        Assert.Equal("TRANSPORT_PIF_NOT_CONFIGURED", (await Fails("tunnel.create", pifs[0], await NetworkAsync())).Code);

        Task<Value> Introduce(string mac, string device) => server.CallAsync("PIF.introduce", session, home, new Value.Text(mac), new Value.Text(device));
        Task<Value> NetworkAsync() => server.CallAsync("network.create", session, new Value.Struct([new("other_config", new Value.Struct([]))]));
        Task<XenApiError> Fails(string method, params Value[] arguments) => Assert.ThrowsAsync<XenApiError>(() => server.CallAsync(method, [session, .. arguments]));
    }
}
