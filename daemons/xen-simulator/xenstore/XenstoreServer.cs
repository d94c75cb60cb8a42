using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Toolstack.Interop.Xen.Xenstore;

namespace Toolstack.XenSimulator.Xenstore;

/// <summary>
/// The xenstore of one simulated host, with the behaviour of xenstored (xenstore protocol): peers on its Unix socket are domain 0; a
/// guest has a connection of its own, read once the domain is introduced. One request at a time is carried out; no peer waits for
/// another to take its answers. Nothing is kept over a restart. <paramref name="domainExists"/> says whether INTRODUCE may name a domain;
/// it is called under the server's lock.
/// </summary>
public sealed class XenstoreServer : IAsyncDisposable
{
    private readonly Lock gate = new();
    private readonly StoreTree tree = new();
    private readonly WatchTable watches = new();
    private readonly DomainTable domains;
    private readonly RequestHandler handler;
    private readonly XenstoreQuotas quotas;
    private readonly ILogger logger;
    private readonly HashSet<ServerPeer> peers = [];
    private readonly List<ServerPeer> posted = [];
    private readonly List<Task> accepting = [];
    private readonly List<Socket> listeners = [];
    private bool stopped;

    public XenstoreServer(ILogger logger, Func<int, bool>? domainExists = null, XenstoreQuotas? quotas = null)
    {
        this.logger = logger;
        this.quotas = quotas ?? new XenstoreQuotas();
        domains = new DomainTable(domainExists ?? (static _ => true));
        handler = new RequestHandler(tree, watches, this.quotas, domains);
    }

    /// <summary>Nodes, watches and connections there are now: what a test of leaks asks for.</summary>
    public (int Nodes, int Watches, int Connections) Counts
    {
        get
        {
            lock (gate)
            {
                return (tree.Count, watches.Count, peers.Count);
            }
        }
    }

    /// <summary>Serves domain 0 on a Unix socket that only its user may open; a leftover of that name is replaced.</summary>
    public void Listen(string path)
    {
        File.Delete(path);
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        listener.Listen();
        lock (gate)
        {
            listeners.Add(listener);
            accepting.Add(AcceptAsync(listener));
        }
    }

    /// <summary>A connection with the rights of domain 0 that needs no socket.</summary>
    public Stream Connect()
    {
        var (client, server) = DuplexPipe.Create();
        Admit(server);
        return client;
    }

    /// <summary>The guest's end of its ring. Replaces an earlier connection of the domain; is served from the domain's introduction
    /// until its release or end. Relative paths begin at the domain's own directory.</summary>
    public Stream ConnectGuest(int domid)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(domid, 1);
        var (guest, server) = DuplexPipe.Create();
        var peer = new ServerPeer(domid, "/local/domain/" + domid, server, quotas, posted.Add);
        ServerPeer? before;
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(stopped, this);
            peers.Add(peer);
            before = domains.Connect(domid, peer, () => _ = ServeAsync(peer));
            Leave(before);
        }

        before?.Link.Close(null);
        return guest;
    }

    /// <summary>A domain has shut down (VIRQ_DOM_EXC of a real host): reported once until it is resumed.</summary>
    public void DomainShutDown(int domid) => Locked(() =>
    {
        if (domains.ShutDown(domid))
        {
            FireReleased();
        }
    });

    /// <summary>A domain is gone: its connection ends, its nodes are removed, its rights are forgotten, and watchers are told.</summary>
    public void DomainDestroyed(int domid)
    {
        ServerPeer? left = null;
        Locked(() =>
        {
            left = domains.Forget(domid);
            Leave(left);
            tree.RemoveDomain(domid);
            FireReleased();
        });
        left?.Link.Close(null);
    }

    /// <summary>A fault: so many of the next commits of domain 0's transactions are refused with EAGAIN.</summary>
    public void RefuseCommits(int count) => Locked(() => handler.CommitsToRefuse = count);

    public async ValueTask DisposeAsync()
    {
        List<ServerPeer> open;
        lock (gate)
        {
            stopped = true;
            open = [.. peers];
        }

        listeners.ForEach(listener => listener.Dispose());
        await Task.WhenAll(accepting).ConfigureAwait(false);
        open.ForEach(peer => peer.Link.Close(null));
    }

    private async Task AcceptAsync(Socket listener)
    {
        while (true)
        {
            Socket socket;
            try
            {
                socket = await listener.AcceptAsync().ConfigureAwait(false);
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                return;
            }

            Admit(new UnixSocketStream(socket));
        }
    }

    private void Admit(Stream stream)
    {
        var peer = new ServerPeer(0, null, stream, quotas, posted.Add);
        lock (gate)
        {
            peers.Add(peer);
        }

        _ = ServeAsync(peer);
    }

    private async Task ServeAsync(ServerPeer peer)
    {
        // Not on the caller's stack: it holds the lock.
        await Task.Yield();
        var cause = await peer.Link.ReceiveAsync((header, payload) =>
        {
            lock (gate)
            {
                handler.Handle(peer, header, payload);
            }
        }, FlushPosted).ConfigureAwait(false);
        if (cause is XenstoreFormatException or TimeoutException)
        {
            Log.XenstorePeerDropped(logger, peer.Domid, cause.Message);
        }

        lock (gate)
        {
            Leave(peer);
        }
    }

    private void Locked(Action change)
    {
        lock (gate)
        {
            change();
        }

        FlushPosted();
    }

    private void FireReleased() => watches.FireSpecial(DomainTable.ReleaseDomain, domains.PermissionsOf(DomainTable.ReleaseDomain));

    private void Leave(ServerPeer? peer)
    {
        if (peer is not null && peers.Remove(peer))
        {
            handler.Reset(peer);
        }
    }

    /// <summary>Lets leave what was posted to any peer.</summary>
    private void FlushPosted()
    {
        ServerPeer[] waiting;
        lock (gate)
        {
            waiting = [.. posted];
            posted.Clear();
            foreach (var peer in waiting)
            {
                peer.Flushing();
            }
        }

        foreach (var peer in waiting)
        {
            peer.Link.Flush();
        }
    }
}
