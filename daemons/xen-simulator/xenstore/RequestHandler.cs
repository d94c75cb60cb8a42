using System.Globalization;
using System.Text;
using Toolstack.Interop.Xen.Xenstore;
using static Toolstack.Interop.Xen.Xenstore.XenstoreErrorName;

namespace Toolstack.XenSimulator.Xenstore;

/// <summary>
/// Answers requests as xenstored does (xenstore protocol): each gets one reply of its own type or an error; events that it causes leave
/// before its reply. Runs under the server's lock.
/// </summary>
internal sealed partial class RequestHandler(StoreTree tree, WatchTable watches, XenstoreQuotas quotas, DomainTable domains)
{
    private static readonly byte[] Ok = "OK\0"u8.ToArray();

    internal void Handle(ServerPeer peer, XenstoreHeader header, ReadOnlySpan<byte> payload)
    {
        var request = new Request(peer, header);
        var error = NeedsPrivilege(header.Operation) && !peer.Caller.Privileged ? EACCES : Dispatch(request, payload);
        if (error is { } name)
        {
            peer.Post(XenstoreOperation.Error, header.RequestId, header.TransactionId, [name.ToString()]);
        }
    }

    /// <summary>So many of domain 0's next commits are refused, as after a conflict.</summary>
    internal int CommitsToRefuse { get; set; }

    /// <summary>Ends what the peer has at the server.</summary>
    internal void Reset(ServerPeer peer)
    {
        foreach (var watch in peer.Watches.Values)
        {
            watches.Remove(watch);
        }

        peer.Watches.Clear();
        peer.Transactions.Clear();
    }

    /// <summary>Tells watchers what was changed in the store itself.</summary>
    internal void FireChanges(Nodes nodes)
    {
        foreach (var change in nodes.Changes)
        {
            watches.Fire(change);
        }

        nodes.Changes.Clear();
    }

    private static bool NeedsPrivilege(XenstoreOperation operation) => operation is XenstoreOperation.Control or XenstoreOperation.Introduce
        or XenstoreOperation.Release or XenstoreOperation.Resume or XenstoreOperation.SetTarget;

    private XenstoreErrorName? Dispatch(Request request, ReadOnlySpan<byte> payload) => request.Operation switch
    {
        XenstoreOperation.Read or XenstoreOperation.Directory or XenstoreOperation.GetPerms or XenstoreOperation.DirectoryPart
            or XenstoreOperation.Write or XenstoreOperation.Mkdir or XenstoreOperation.Rm or XenstoreOperation.SetPerms => OnNode(request, payload),
        XenstoreOperation.Watch => Watch(request, payload),
        XenstoreOperation.Unwatch => Unwatch(request, payload),
        XenstoreOperation.ResetWatches => ResetWatches(request),
        XenstoreOperation.TransactionStart => Start(request),
        XenstoreOperation.TransactionEnd => End(request, payload),
        XenstoreOperation.Control => Control(request, payload),
        XenstoreOperation.Introduce or XenstoreOperation.Release or XenstoreOperation.Resume or XenstoreOperation.SetTarget
            or XenstoreOperation.GetDomainPath or XenstoreOperation.IsDomainIntroduced => OnDomain(request, payload),
        _ => ENOSYS,
    };

    private XenstoreErrorName? Start(Request request)
    {
        if (request.TransactionId != 0)
        {
            return request.Peer.Transactions.ContainsKey(request.TransactionId) ? EBUSY : ENOENT;
        }

        if (!request.Peer.Caller.Privileged && request.Peer.Transactions.Count >= quotas.Transactions)
        {
            return ENOSPC;
        }

        var id = request.Peer.Start(new StoreTransaction(tree));
        return request.Words(id.ToString(CultureInfo.InvariantCulture));
    }

    private XenstoreErrorName? End(Request request, ReadOnlySpan<byte> payload)
    {
        if (!request.Peer.Transactions.TryGetValue(request.TransactionId, out var transaction))
        {
            return ENOENT;
        }

        if (payload is not [(byte)'T' or (byte)'F', 0])
        {
            return EINVAL;
        }

        request.Peer.Transactions.Remove(request.TransactionId);
        if (payload[0] == 'T')
        {
            if (Refused(request.Peer) || !transaction.Commit())
            {
                return EAGAIN;
            }

            FireChanges(transaction);
        }

        return request.Done();
    }

    private bool Refused(ServerPeer peer)
    {
        if (!peer.Caller.Privileged || CommitsToRefuse == 0)
        {
            return false;
        }

        CommitsToRefuse--;
        return true;
    }

    private XenstoreErrorName? Watch(Request request, ReadOnlySpan<byte> payload)
    {
        if (!TryWords(payload, 2, out var words))
        {
            return EINVAL;
        }

        var peer = request.Peer;
        var path = XenstorePath.IsSpecial(words[0]) ? words[0] : Absolute(peer, words[0]);
        if (path is null || !XenstorePath.IsValid(path))
        {
            return EINVAL;
        }

        if (peer.Watches.ContainsKey((words[0], words[1])))
        {
            return EEXIST;
        }

        if (!peer.Caller.Privileged && peer.Watches.Count >= quotas.Watches)
        {
            return E2BIG;
        }

        var watch = new StoreWatch(peer, path, path == words[0] ? path : words[0], words[1]);
        peer.Watches.Add((words[0], words[1]), watch);
        watches.Add(watch);
        request.Done();
        peer.SendEvent(watch, path);
        return null;
    }

    private XenstoreErrorName? Unwatch(Request request, ReadOnlySpan<byte> payload)
    {
        if (!TryWords(payload, 2, out var words))
        {
            return EINVAL;
        }

        if (!request.Peer.Watches.Remove((words[0], words[1]), out var watch))
        {
            return ENOENT;
        }

        watches.Remove(watch);
        return request.Done();
    }

    private XenstoreErrorName? ResetWatches(Request request)
    {
        Reset(request.Peer);
        return request.Done();
    }

    private XenstoreErrorName? Control(Request request, ReadOnlySpan<byte> payload)
    {
        if (!TryWords(payload, 1, out var words))
        {
            return EINVAL;
        }

        return words[0] switch
        {
            "check" or "log" => request.Done(),
            "quota" => request.Words(string.Join('\n',
                $"nodes: {quotas.Nodes}", $"watches: {quotas.Watches}", $"transactions: {quotas.Transactions}", $"size: {quotas.NodeBytes}",
                $"transaction-nodes: {quotas.TransactionNodes}", $"node-permissions: {quotas.PermissionsPerNode}", $"path-max: {quotas.PathLength}")),
            _ => EINVAL,
        };
    }

    /// <summary>Reads at least <paramref name="count"/> words; false when there are fewer or the last has no end.</summary>
    private static bool TryWords(ReadOnlySpan<byte> payload, int count, out List<string> words)
    {
        words = [];
        while (!payload.IsEmpty)
        {
            var end = payload.IndexOf((byte)0);
            if (end < 0)
            {
                return false;
            }

            words.Add(Encoding.UTF8.GetString(payload[..end]));
            payload = payload[(end + 1)..];
        }

        return words.Count >= count;
    }

    /// <summary>The path as the store has it; null when the peer may not use relative ones.</summary>
    private static string? Absolute(ServerPeer peer, string path) =>
        path.StartsWith('/') ? path : peer.Home is { } home && path.Length > 0 ? home + "/" + path : null;

    /// <summary>A request and the ways to answer it; each gives null, as no error.</summary>
    private readonly record struct Request(ServerPeer Peer, XenstoreHeader Header)
    {
        internal XenstoreOperation Operation => Header.Operation;

        internal uint TransactionId => Header.TransactionId;

        internal XenstoreErrorName? Done() => Bytes(Ok);

        internal XenstoreErrorName? Words(params ReadOnlySpan<string> words)
        {
            var bytes = 0;
            foreach (var word in words)
            {
                bytes += Encoding.UTF8.GetByteCount(word) + 1;
            }

            if (bytes > XenstoreLimits.MaxRequestPayload)
            {
                return E2BIG;
            }

            Peer.Post(Header.Operation, Header.RequestId, Header.TransactionId, words);
            return null;
        }

        internal XenstoreErrorName? Bytes(ReadOnlySpan<byte> bytes)
        {
            Peer.Post(Header.Operation, Header.RequestId, Header.TransactionId, [], bytes);
            return null;
        }
    }
}
