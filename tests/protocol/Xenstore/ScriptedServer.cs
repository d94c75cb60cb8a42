using System.Net.Sockets;
using System.Text;
using Toolstack.Interop.Xen.Xenstore;

namespace Toolstack.Tests.Xenstore;

/// <summary>A server that does what a test says: for each request that arrives, the script sends what it likes.</summary>
internal sealed class ScriptedServer : IAsyncDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("xenstore-").FullName;
    private readonly Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly List<RawPeer> peers = [];
    private readonly Task accepting;

    public ScriptedServer(Func<RawPeer, XenstorePacket, Task> script)
    {
        listener.Bind(new UnixDomainSocketEndPoint(SocketPath));
        listener.Listen();
        accepting = AcceptAsync(script);
    }

    public string SocketPath => Path.Combine(directory, "socket");

    /// <summary>Everything received, as type and payload with <c>|</c> for NUL.</summary>
    public List<string> Received { get; } = [];

    public static XenstorePacket Answer(XenstorePacket request, string payload) =>
        new(request.Operation, request.RequestId, request.TransactionId, Encoding.Latin1.GetBytes(payload.Replace('|', '\0')));

    public static XenstorePacket Error(XenstorePacket request, string name) =>
        new(XenstoreOperation.Error, request.RequestId, request.TransactionId, Encoding.Latin1.GetBytes(name + '\0'));

    public static XenstorePacket Event(string path, string token) =>
        new(XenstoreOperation.WatchEvent, 0, 0, Encoding.Latin1.GetBytes($"{path}\0{token}\0"));

    public Task<XenstoreClient> ConnectAsync(XenstoreClientOptions? options = null) =>
        XenstoreClient.ConnectAsync(SocketPath, null, StoreHost.Soon, options);

    public async ValueTask DisposeAsync()
    {
        listener.Dispose();
        await accepting;
        lock (peers)
        {
            peers.ForEach(peer => peer.Dispose());
        }

        Directory.Delete(directory, recursive: true);
    }

    private async Task AcceptAsync(Func<RawPeer, XenstorePacket, Task> script)
    {
        while (true)
        {
            RawPeer peer;
            try
            {
                peer = new RawPeer(new NetworkStream(await listener.AcceptAsync(), ownsSocket: true));
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                return;
            }

            lock (peers)
            {
                peers.Add(peer);
            }

            _ = ServeAsync(peer, script);
        }
    }

    private async Task ServeAsync(RawPeer peer, Func<RawPeer, XenstorePacket, Task> script)
    {
        try
        {
            while (await peer.ReceiveAsync() is { } request)
            {
                lock (Received)
                {
                    Received.Add($"{(int)request.Operation} {Encoding.Latin1.GetString(request.Payload.Span).Replace('\0', '|')}");
                }

                await script(peer, request);
            }
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // The client went away, or the test is over.
        }
    }
}
