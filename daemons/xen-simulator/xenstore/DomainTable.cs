using Toolstack.Interop.Xen.Xenstore;

namespace Toolstack.XenSimulator.Xenstore;

/// <summary>What the server knows of domains: who is introduced, whose end was reported, and the rights on the two special events.
/// Used under the server's lock.</summary>
internal sealed class DomainTable(Func<int, bool> exists)
{
    internal const string IntroduceDomain = "@introduceDomain";
    internal const string ReleaseDomain = "@releaseDomain";

    private sealed class Record
    {
        internal bool Introduced { get; set; }

        internal bool ShutDown { get; set; }

        internal int? Target { get; set; }

        internal ServerPeer? Peer { get; set; }

        /// <summary>Starts to read what the domain sends, once it is introduced.</summary>
        internal Action? Serve { get; set; }
    }

    private readonly Dictionary<int, Record> records = [];
    private readonly Dictionary<string, XenstorePermissions> special = new(StringComparer.Ordinal)
    {
        [IntroduceDomain] = new XenstorePermissions(0),
        [ReleaseDomain] = new XenstorePermissions(0),
    };

    internal bool IsSpecial(string name) => special.ContainsKey(name);

    internal XenstorePermissions PermissionsOf(string name) => special[name];

    internal void SetSpecialPermissions(string name, XenstorePermissions permissions) => special[name] = permissions;

    internal bool IsIntroduced(int domid) => domid == 0 || (records.TryGetValue(domid, out var record) && record.Introduced);

    /// <summary>A guest is at its ring; <paramref name="serve"/> is called when the domain is introduced, perhaps at once. Returns the
    /// connection it had before.</summary>
    internal ServerPeer? Connect(int domid, ServerPeer peer, Action serve)
    {
        var record = Of(domid);
        var before = record.Peer;
        peer.Target = record.Target;
        record.Peer = peer;
        record.Serve = serve;
        Serve(record);
        return before;
    }

    /// <summary>False for a domain that there is not. <paramref name="known"/> is its connection.</summary>
    internal bool Introduce(int domid, out bool first, out ServerPeer? known)
    {
        (first, known) = (false, null);
        if (domid == 0 || !exists(domid))
        {
            return false;
        }

        var record = Of(domid);
        (first, known) = (!record.Introduced, record.Peer);
        record.Introduced = true;
        Serve(record);
        return true;
    }

    /// <summary>False for a domain that is not introduced. <paramref name="left"/> is its connection, which ends.</summary>
    internal bool Release(int domid, out ServerPeer? left)
    {
        left = null;
        if (!records.TryGetValue(domid, out var record) || !record.Introduced)
        {
            return false;
        }

        left = Forget(domid);
        return true;
    }

    internal XenstoreErrorName? Resume(int domid)
    {
        if (!IsIntroduced(domid))
        {
            return XenstoreErrorName.ENOENT;
        }

        if (domid != 0)
        {
            records[domid].ShutDown = false;
        }

        return null;
    }

    internal XenstoreErrorName? SetTarget(int domid, int target)
    {
        if (domid == 0 || !IsIntroduced(domid) || !IsIntroduced(target))
        {
            return XenstoreErrorName.ENOENT;
        }

        records[domid].Target = target;
        if (records[domid].Peer is { } peer)
        {
            peer.Target = target;
        }

        return null;
    }

    /// <summary>True when the end of the domain is to be reported.</summary>
    internal bool ShutDown(int domid)
    {
        if (!records.TryGetValue(domid, out var record) || !record.Introduced || record.ShutDown)
        {
            return false;
        }

        return record.ShutDown = true;
    }

    /// <summary>Forgets the domain; returns its connection, which ends.</summary>
    internal ServerPeer? Forget(int domid)
    {
        if (!records.Remove(domid, out var record))
        {
            return null;
        }

        foreach (var other in records.Values)
        {
            if (other.Target == domid)
            {
                other.Target = null;
                if (other.Peer is { } peer)
                {
                    peer.Target = null;
                }
            }
        }

        return record.Peer;
    }

    private static void Serve(Record record)
    {
        if (record.Introduced)
        {
            record.Serve?.Invoke();
            record.Serve = null;
        }
    }

    private Record Of(int domid)
    {
        if (!records.TryGetValue(domid, out var record))
        {
            records[domid] = record = new Record();
        }

        return record;
    }
}
