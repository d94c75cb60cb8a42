using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using Xunit;

namespace Toolstack.Tests.Xapi;

/// <summary>The server's end of the thin-client protocol, spoken to by bytes: what a stock xe sends and reads.</summary>
public sealed class ThinCliTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task ACommandIsGreetedPrintedAndEnded()
    {
        await using XapiServer server = await XapiServer.StartAsync();
        (List<string> printed, string errors, int status) = await RunAsync(server, unix: true, "secret-create", "value=hush", "username=", "password=");
        Assert.Equal(("", 0), (errors, status));
        string uuid = Guid.Parse(Assert.Single(printed)).ToString();
        (printed, _, status) = await RunAsync(server, unix: true, "secret-param-get", $"uuid={uuid}", "param-name=value");
        Assert.Equal(0, status);
        Assert.Equal(["hush"], printed);
    }

    [Fact]
    public async Task AConnectionOverTcpNeedsAUser()
    {
        await using XapiServer server = await XapiServer.StartAsync();
        Assert.Equal("Username/password must be specified\n", (await RunAsync(server, unix: false, "secret-list")).Errors);
        Assert.Equal("Authentication failed\n", (await RunAsync(server, unix: false, "secret-list", "-u", "root", "-pw", "wrong")).Errors);
        Assert.Equal(0, (await RunAsync(server, unix: false, "secret-list", "-u", "root", "-pw", "secret")).Status);
        Assert.Equal(0, (await RunAsync(server, unix: false, "secret-list", "username=root", "password=secret")).Status);
    }

    [Theory]
    [InlineData("vm-nonsense", "Unknown command: vm-nonsense\nFor usage run: 'xe help'\n")]
    [InlineData("vm-param-get", "Required parameter not found: param-name\nFor usage run: 'xe help'\n")]
    public async Task AMistakeIsNamed(string command, string complaint)
    {
        await using XapiServer server = await XapiServer.StartAsync();
        (List<string> printed, string errors, int status) = await RunAsync(server, unix: true, command, "uuid=x");
        Assert.Equal((complaint, 1), (errors, status));
        Assert.Empty(printed);
    }

    [Fact]
    public async Task RootOfAMemberWorksOnThePoolAndOthersAreToldWhereItIs()
    {
        await using XapiServer coordinator = await XapiServer.StartAsync();
        await using XapiServer member = await XapiServer.StartAsync(master: coordinator);
        string uuid = Assert.Single((await RunAsync(member, unix: true, "secret-create", "value=shared")).Printed);
        Assert.Equal(["shared"], (await RunAsync(coordinator, unix: true, "secret-param-get", $"uuid={uuid}", "param-name=value")).Printed);
        Assert.StartsWith("Error code: HOST_IS_SLAVE\n", (await RunAsync(member, unix: false, "secret-list", "-u", "root", "-pw", "secret")).Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task HelpNeedsNoSession()
    {
        await using XapiServer server = await XapiServer.StartAsync();
        (List<string> printed, _, int status) = await RunAsync(server, unix: false, "help", "vm-start");
        Assert.Equal(0, status);
        Assert.StartsWith("command name            : vm-start\n", Assert.Single(printed), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AClientOfAnotherVersionIsLeft()
    {
        await using XapiServer server = await XapiServer.StartAsync();
        using Socket socket = await server.ConnectAsync();
        using var stream = new NetworkStream(socket);
        await AskAsync(stream, ["help"], major: 7);
        await ReadAsync(stream, 27 + 8);
        Assert.Equal(0, await stream.ReadAsync(new byte[1]).AsTask().WaitAsync(Patience));
    }

    [Fact]
    public async Task OrdinaryRequestsOnTheSameListenersAreUntouched()
    {
        await using XapiServer server = await XapiServer.StartAsync();
        using Socket socket = await server.ConnectAsync();
        await socket.SendAsync("PO"u8.ToArray());
        await Task.Delay(50);
        await socket.SendAsync("ST /RPC2 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"u8.ToArray());
        Assert.StartsWith("HTTP/1.1 ", (await XapiServer.ReadAsync(socket)).Head, StringComparison.Ordinal);
    }

    private static async Task<(List<string> Printed, string Errors, int Status)> RunAsync(XapiServer server, bool unix, params string[] words)
    {
        using Socket socket = await server.ConnectAsync(unix);
        using var stream = new NetworkStream(socket);
        await AskAsync(stream, words, major: 0);
        byte[] greeting = await ReadAsync(stream, 27 + 8);
        Assert.Equal("XenSource thin CLI protocol", Encoding.ASCII.GetString(greeting, 0, 27));
        Assert.Equal((0, 2), (BitConverter.ToInt32(greeting, 27), BitConverter.ToInt32(greeting, 31)));
        List<string> printed = [];
        string errors = "";
        while (true)
        {
            byte[] frame = await ReadAsync(stream, BitConverter.ToInt32(await ReadAsync(stream, 4)));
            Assert.Equal(9, BitConverter.ToInt32(frame));
            switch (BitConverter.ToInt32(frame, 4))
            {
                case 0:
                    printed.Add(Text(frame));
                    break;
                case 16:
                    errors += Text(frame);
                    break;
                case 4:
                    return (printed, errors, BitConverter.ToInt32(frame, 8));
                case var other:
                    Assert.Fail($"command {other}");
                    break;
            }
        }
    }

    private static async Task AskAsync(NetworkStream stream, string[] words, int major)
    {
        string body = string.Join('\n', words) + "\n";
        await stream.WriteAsync(Encoding.UTF8.GetBytes($"POST /cli HTTP/1.0\r\ncontent-length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}"));
        byte[] version = new byte[8];
        BinaryPrimitives.WriteInt32LittleEndian(version, major);
        BinaryPrimitives.WriteInt32LittleEndian(version.AsSpan(4), 2);
        await stream.WriteAsync((byte[])[.. "XenSource thin CLI protocol"u8, .. version]);
    }

    private static string Text(byte[] frame) => Encoding.UTF8.GetString(frame, 12, BitConverter.ToInt32(frame, 8));

    private static async Task<byte[]> ReadAsync(NetworkStream stream, int count)
    {
        byte[] bytes = new byte[count];
        await stream.ReadExactlyAsync(bytes).AsTask().WaitAsync(Patience);
        return bytes;
    }
}
