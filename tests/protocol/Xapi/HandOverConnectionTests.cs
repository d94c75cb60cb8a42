using System.Net.Sockets;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Toolstack.Idl;
using Toolstack.Idl.Json;
using Toolstack.Interop.Linux;
using Xunit;

namespace Toolstack.Tests.Xapi;

public class HandOverConnectionTests
{
    [Fact]
    public async Task ConnectionArrivesWithWhatFollowsTheHead()
    {
        await using XapiServer server = await XapiServer.StartAsync();
        Value session = await server.LoginAsync();
        using var xenopsd = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        xenopsd.Bind(new UnixDomainSocketEndPoint(server.HandOverPath));
        xenopsd.Listen();

        using Socket sender = await server.ConnectAsync();
        await sender.SendAsync("PUT /services/xe"u8.ToArray());
        await sender.SendAsync(Encoding.ASCII.GetBytes($"nops/migrate/mem/u?session_id={session.AsString()} HTTP/1.1\r\nCookie: dbg=d\r\n\r\nstream"));

        using Socket control = await xenopsd.AcceptAsync();
        byte[] bytes = new byte[16384];
        List<SafeFileHandle> descriptors = [];
        int count = UnixRights.Receive(control, bytes, descriptors);
        using SafeFileHandle descriptor = Assert.Single(descriptors);
        var record = (Value.Struct)JsonValueReader.Parse(bytes.AsSpan(0, count));
        Assert.Equal("/services/xenops/migrate/mem/u", record.Find("path")!.AsString());

        using var handed = new Socket(new SafeSocketHandle(descriptor.DangerousGetHandle(), ownsHandle: false));
        byte[] stream = new byte[6];
        Assert.Equal(6, handed.Receive(stream));
        Assert.Equal("stream"u8.ToArray(), stream);
        handed.Send("\0\0"u8);
        Assert.Equal(2, await sender.ReceiveAsync(new byte[8]));
    }

    [Theory]
    [InlineData("", "401")]
    [InlineData("?session_id=OpaqueRef:none", "401")]
    public async Task WithoutSessionItIsRefused(string query, string status)
    {
        await using XapiServer server = await XapiServer.StartAsync();
        using Socket sender = await server.ConnectAsync();
        await sender.SendAsync(Encoding.ASCII.GetBytes($"PUT /services/xenops/migrate/mem/u{query} HTTP/1.1\r\n\r\n"));
        (string head, _) = await XapiServer.ReadAsync(sender);
        Assert.StartsWith("HTTP/1.1 " + status, head, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OnAKeptConnectionItIsTooLate()
    {
        await using XapiServer server = await XapiServer.StartAsync();
        using Socket socket = await server.ConnectAsync();
        await XapiServer.PostAsync(socket, "<methodCall><methodName>system.listMethods</methodName></methodCall>");
        await socket.SendAsync("PUT /services/xenops/migrate/mem/u HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"u8.ToArray());
        (string head, _) = await XapiServer.ReadAsync(socket);
        Assert.StartsWith("HTTP/1.1 501", head, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnUnreachableXenopsdIsAnswered()
    {
        await using XapiServer server = await XapiServer.StartAsync();
        Value session = await server.LoginAsync();
        using Socket sender = await server.ConnectAsync();
        await sender.SendAsync(Encoding.ASCII.GetBytes($"PUT /services/xenops/migrate/vm/u?session_id={session.AsString()} HTTP/1.1\r\n\r\n"));
        (string head, _) = await XapiServer.ReadAsync(sender);
        Assert.StartsWith("HTTP/1.1 500", head, StringComparison.Ordinal);
    }
}
