using Toolstack.Interop.Xen.Xenstore;

namespace Toolstack.XenSimulator.Xenstore;

/// <summary>
/// One connection: who it is, its watches and open transactions, and what leaves for it. Used under the server's lock. Events that are
/// the same as one that has not left yet are not sent again (xenstored does so), except the special ones.
/// </summary>
internal sealed class ServerPeer
{
    private readonly HashSet<(string Token, string Path)> waiting = [];
    private readonly Action<ServerPeer> posted;
    private bool dirty;
    private long waitingSince;
    private uint lastTransaction;

    /// <param name="home">Where relative paths begin; null for a peer that may not use them.</param>
    /// <param name="posted">Told once of something posted, until <see cref="Flushing"/>.</param>
    internal ServerPeer(int domid, string? home, Stream stream, XenstoreQuotas quotas, Action<ServerPeer> posted)
    {
        this.posted = posted;
        Domid = domid;
        Home = home;
        Link = new XenstoreLink(
            stream, XenstoreLimits.MaxRequestPayload, domid == 0 ? quotas.SocketUnsentBytes : quotas.GuestUnsentBytes, quotas.SendDeadline)
        {
            PauseReceivingAbove = quotas.PauseBytes,
        };
    }

    internal int Domid { get; }

    internal string? Home { get; }

    /// <summary>Set by SET_TARGET.</summary>
    internal int? Target { get; set; }

    internal XenstoreLink Link { get; }

    internal StoreCaller Caller => new(Domid, Target);

    internal Dictionary<(string Given, string Token), StoreWatch> Watches { get; } = [];

    internal Dictionary<uint, StoreTransaction> Transactions { get; } = [];

    internal uint Start(StoreTransaction transaction)
    {
        do
        {
            lastTransaction++;
        }
        while (lastTransaction == 0 || !Transactions.TryAdd(lastTransaction, transaction));

        return lastTransaction;
    }

    internal void SendEvent(StoreWatch watch, string path)
    {
        if (waitingSince != Link.Departures)
        {
            waiting.Clear();
            waitingSince = Link.Departures;
        }

        var shown = watch.Shown(path);
        if (waiting.Add((watch.Token, shown)) || XenstorePath.IsSpecial(shown))
        {
            Post(XenstoreOperation.WatchEvent, 0, 0, [shown, watch.Token]);
        }
    }

    internal void Post(XenstoreOperation operation, uint requestId, uint transactionId, ReadOnlySpan<string> words, ReadOnlySpan<byte> tail = default)
    {
        Link.Post(operation, requestId, transactionId, words, tail);
        if (!dirty)
        {
            dirty = true;
            posted(this);
        }
    }

    /// <summary>Under the lock: nothing counts as posted any more; the caller flushes the link afterwards.</summary>
    internal void Flushing() => dirty = false;
}
