using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Toolstack.Hosting.Switch;
using Toolstack.MessageSwitch;
using Xunit;

namespace Toolstack.Tests.Switch;

/// <summary>A switch in this process on a socket of its own, with clients; everything is gone when it is disposed.</summary>
internal sealed class SwitchFixture : IAsyncDisposable
{
    /// <summary>How long a test waits for something that must happen; never asserted upon.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("switch");
    private readonly List<IAsyncDisposable> clients = [];
    private CancellationTokenSource stopping = new();
    private SwitchServer? server;
    private Task serving = Task.CompletedTask;

    internal SwitchFixture(Settings? settings = null, bool start = true)
    {
        Settings = (settings ?? new Settings()) with { Path = Path.Combine(directory.FullName, "sock") };
        if (start)
        {
            StartSwitch();
        }
    }

    internal Settings Settings { get; }

    /// <summary>Who the switch believes is at the other end; null asks the kernel.</summary>
    internal PeerIdentity? Identity { get; set; }

    internal SwitchServer Server => server!;

    /// <summary>Completes when the switch stopped, for whatever reason.</summary>
    internal Task Serving => serving;

    internal void StartSwitch()
    {
        stopping = new CancellationTokenSource();
        server = new SwitchServer(Settings, NullLogger.Instance, socket => Identity ?? PeerIdentity.Of(socket));
        server.Listen();
        serving = server.RunAsync(stopping.Token);
    }

    internal async Task StopSwitchAsync()
    {
        await stopping.CancelAsync();
        await serving.WaitAsync(Patience);
        if (server is not null)
        {
            await server.DisposeAsync();
        }

        stopping.Dispose();
        server = null;
    }

    internal SwitchConnection Client(string name = "test")
    {
        var options = new SwitchOptions(Settings.Path, name) { LongestBackOff = TimeSpan.FromMilliseconds(50) };
        var client = new SwitchConnection(options, NullLogger.Instance);
        clients.Add(client);
        client.Start();
        return client;
    }

    internal async Task<Socket> RawAsync()
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(Settings.Path));
        return socket;
    }

    /// <summary>A connection of the original protocol, logged in unless the token is empty.</summary>
    internal async Task<CompatPeer> CompatAsync(string token = "token")
    {
        var peer = new CompatPeer(await RawAsync());
        clients.Add(peer);
        if (token.Length > 0)
        {
            Assert.Equal("", await peer.GetAsync($"/login/{token}"));
        }

        return peer;
    }

    /// <summary>Everything the peer sends until it closes.</summary>
    internal static async Task<string> ReadToEndAsync(Socket socket)
    {
        using var patience = new CancellationTokenSource(Patience);
        var text = new StringBuilder();
        var buffer = new byte[4096];
        try
        {
            while (await socket.ReceiveAsync(buffer, patience.Token) is var count and > 0)
            {
                text.Append(Encoding.Latin1.GetString(buffer, 0, count));
            }
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionReset)
        {
            text.Append("<reset>");
        }

        return text.ToString();
    }

    internal static async Task<string> CallAsync(SwitchConnection client, string queue, string text, bool retrySafe = false)
    {
        var reply = await client.CallAsync(queue, Encoding.UTF8.GetBytes(text), Patience, retrySafe, CancellationToken.None);
        return Encoding.UTF8.GetString(reply.Span);
    }

    /// <summary>A handler that answers with its request in brackets.</summary>
    internal static ValueTask<ReadOnlyMemory<byte>> Echo(SwitchRequest request, CancellationToken cancel) =>
        ValueTask.FromResult<ReadOnlyMemory<byte>>(Encoding.UTF8.GetBytes($"[{Encoding.UTF8.GetString(request.Payload.Span)}]"));

    public async ValueTask DisposeAsync()
    {
        foreach (var client in clients)
        {
            await client.DisposeAsync();
        }

        if (server is not null)
        {
            await StopSwitchAsync();
        }

        directory.Delete(recursive: true);
    }
}
