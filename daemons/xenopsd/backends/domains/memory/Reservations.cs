using System.Globalization;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Backends.Domains.Memory;

/// <summary>One promise of memory: to a session, or once transferred to a domain, which it covers until the domain has it all.</summary>
public sealed record Reservation(string Id, string Session, long Kib, int? Domid);

/// <summary>What is promised and not yet taken. Safe for any thread. Kept in memory: what a dead process had promised was for domains
/// that were being made, and those end with it.</summary>
public sealed class Reservations
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, Reservation> byId = new(StringComparer.Ordinal);
    private long last;

    public Reservation Add(string session, long kib)
    {
        lock (gate)
        {
            if (byId.Count >= MemoryLimits.MaxReservations)
            {
                throw XenopsError.Internal($"over {nameof(MemoryLimits.MaxReservations)} reservations");
            }

            Reservation made = new((++last).ToString(CultureInfo.InvariantCulture), session, kib, null);
            byId.Add(made.Id, made);
            return made;
        }
    }

    public Reservation? Find(string id)
    {
        lock (gate)
        {
            return byId.GetValueOrDefault(id);
        }
    }

    public Reservation? OfDomain(int domid)
    {
        lock (gate)
        {
            return byId.Values.FirstOrDefault(r => r.Domid == domid);
        }
    }

    /// <summary>False for an unknown one.</summary>
    public bool Transfer(string id, int domid)
    {
        lock (gate)
        {
            if (!byId.TryGetValue(id, out var found))
            {
                return false;
            }

            byId[id] = found with { Domid = domid };
            return true;
        }
    }

    public bool Remove(string id)
    {
        lock (gate)
        {
            return byId.Remove(id);
        }
    }

    public void RemoveOfDomain(int domid) => RemoveWhere(r => r.Domid == domid);

    /// <summary>What a session reserved and gave to no domain.</summary>
    public void RemoveOfSession(string session) => RemoveWhere(r => r.Session == session && r.Domid is null);

    /// <summary>What is promised beyond what the domains it was promised to have already. <paramref name="taken"/> is the memory of a
    /// domain in KiB.</summary>
    public long OutstandingKib(Func<int, long> taken)
    {
        lock (gate)
        {
            long sum = 0;
            foreach (var reservation in byId.Values)
            {
                sum += reservation.Domid is { } domid ? Math.Max(0, reservation.Kib - taken(domid)) : reservation.Kib;
            }

            return sum;
        }
    }

    private void RemoveWhere(Predicate<Reservation> predicate)
    {
        lock (gate)
        {
            foreach (var gone in byId.Values.Where(r => predicate(r)).ToList())
            {
                byId.Remove(gone.Id);
            }
        }
    }
}
