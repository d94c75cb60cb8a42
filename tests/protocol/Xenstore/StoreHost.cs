using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Toolstack.Interop.Xen.Xenstore;
using Toolstack.XenSimulator.Xenstore;

namespace Toolstack.Tests.Xenstore;

/// <summary>The simulated host's xenstore in this process, on a socket of its own, with the clients of one test.</summary>
internal sealed class StoreHost : IAsyncDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("xenstore-").FullName;
    private readonly List<IAsyncDisposable> clients = [];

    public StoreHost(XenstoreQuotas? quotas = null)
    {
        Server = new XenstoreServer(NullLogger.Instance, null, quotas);
        Server.Listen(SocketPath);
    }

    public XenstoreServer Server { get; private set; }

    public string SocketPath => Path.Combine(directory, "socket");

    public static CancellationToken Soon => new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token;

    /// <summary>A client with the rights of domain 0.</summary>
    public async Task<XenstoreClient> ConnectAsync()
    {
        var client = await XenstoreClient.ConnectAsync(SocketPath, null, Soon);
        clients.Add(client);
        return client;
    }

    /// <summary>A client with the rights of a domain that is introduced and has a directory of its own.</summary>
    public async Task<XenstoreClient> GuestAsync(int domid)
    {
        var dom0 = await ConnectAsync();
        await dom0.TransactionAsync(t =>
        {
            t.MakeDirectory("/local/domain/" + domid, XenstorePermissions.ReadableBy(0, domid));
            t.MakeDirectory($"/local/domain/{domid}/data", new XenstorePermissions(domid));
            return Task.CompletedTask;
        }, Soon);
        await dom0.IntroduceAsync(domid, 1, 1, Soon);
        var client = XenstoreClient.Attach(Server.ConnectGuest(domid), "domain " + domid);
        clients.Add(client);
        return client;
    }

    /// <summary>A peer of the socket that speaks in bytes.</summary>
    public async Task<RawPeer> RawAsync()
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(SocketPath), Soon);
        return new RawPeer(new NetworkStream(socket, ownsSocket: true));
    }

    public RawPeer RawGuest(int domid) => new(Server.ConnectGuest(domid));

    /// <summary>Ends the server and starts an empty one in its place.</summary>
    public async Task RestartAsync()
    {
        await Server.DisposeAsync();
        Server = new XenstoreServer(NullLogger.Instance);
        Server.Listen(SocketPath);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var client in clients)
        {
            await client.DisposeAsync();
        }

        await Server.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }
}
