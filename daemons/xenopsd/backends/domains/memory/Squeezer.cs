using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Toolstack.Interop.Xen;
using Toolstack.Interop.Xen.Xenstore;
using Toolstack.Xenopsd.Backends.Domains.Tree;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Backends.Domains.Memory;

/// <summary>
/// The host's memory: what is promised to domains that are being made, and the balance between those whose guests balloon. Targets
/// are lowered first and raised once the memory is there. One change of the balance at a time. Memory in KiB.
/// </summary>
internal sealed class Squeezer(IHypervisor hypervisor, XenstoreClient store, DomainTable table, long keepFreeKib, ILogger logger) : IDisposable
{
    private const int BytesPerKib = 1024;

    private readonly SemaphoreSlim turn = new(1, 1);

    public Reservations Reservations { get; } = new();

    /// <summary>What could be promised now without asking any guest; not below 0.</summary>
    public long FreeKib => Math.Max(0, Look().FreeKib);

    /// <summary>Promises between <paramref name="minKib"/> and <paramref name="maxKib"/>, as much as there is or as guests can give back.
    /// XenopsError Not_enough_memory(bytes) when not even the least is there, Vms_failed_to_cooperate when guests kept what they were
    /// asked for.</summary>
    public async Task<Reservation> ReserveAsync(string session, long minKib, long maxKib, CancellationToken cancel)
    {
        long started = Stopwatch.GetTimestamp();
        HashSet<int> refused = [];
        while (true)
        {
            await turn.WaitAsync(cancel).ConfigureAwait(false);
            try
            {
                if (await TryReserveAsync(session, minKib, maxKib, refused, cancel).ConfigureAwait(false) is { } made)
                {
                    return made;
                }
            }
            finally
            {
                turn.Release();
            }

            if (!IsFreeing() || Stopwatch.GetElapsedTime(started) > MemoryLimits.Patience)
            {
                throw Shortage(minKib, refused);
            }

            await Task.Delay(MemoryLimits.Look, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>The domain of a VM; null when it has none.</summary>
    public int? DomidOf(string vmId) => table.Find(vmId)?.Domid;

    /// <summary>The reservation is the domain's from now on.</summary>
    public void Transfer(Reservation reservation, int domid) => Reservations.Transfer(reservation.Id, domid);

    /// <summary>Brings every guest that balloons to its share. Nothing when they are near it.</summary>
    public async Task BalanceAsync(CancellationToken cancel)
    {
        if (!table.All.Any(static entry => (CanBalloon(entry) && CanMove(entry)) || IsLeftOut(entry)))
        {
            return;
        }

        await turn.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            await TakeBackAsync(cancel).ConfigureAwait(false);
            var (balloons, free) = Look();
            var wanted = BalancePolicy.Share(balloons, free, 0, 0) ?? BalancePolicy.Squeeze(balloons);
            if (BalancePolicy.IsBalanced(balloons, wanted, MemoryLimits.ToleranceKib))
            {
                return;
            }

            await LowerAsync(balloons, wanted, [], cancel).ConfigureAwait(false);
            await RaiseAsync(wanted, cancel).ConfigureAwait(false);
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>Sets a guest's target and the bound Xen keeps it to; the guest follows as it can.</summary>
    public async Task SetTargetAsync(DomainEntry entry, long kib, CancellationToken cancel)
    {
        hypervisor.SetMaxMemory(entry.Domid, MaxBytes(entry, kib));
        if (entry.MemoryOffsetKib is { } offset)
        {
            // Once the target changes nobody could compute it again.
            await store.WriteAsync(StorePaths.Domain(entry.Domid, StoreKeys.MemoryOffset), offset.ToString(CultureInfo.InvariantCulture), cancel)
                .ConfigureAwait(false);
        }

        await store.WriteAsync(StorePaths.Domain(entry.Domid, StoreKeys.Target), kib.ToString(CultureInfo.InvariantCulture), cancel).ConfigureAwait(false);
        entry.TargetKib = kib;
    }

    /// <summary>Xen's bound for a domain with that target.</summary>
    public static long MaxBytes(DomainEntry entry, long targetKib)
    {
        long mib = MemoryModel.MibOf(targetKib * BytesPerKib);
        return (MemoryModel.XenMax(entry.Kind, mib) * MemoryModel.KibPerMib + (entry.MemoryOffsetKib ?? 0)) * BytesPerKib;
    }

    public void Dispose() => turn.Dispose();

    /// <summary>Null when there is too little now.</summary>
    private async Task<Reservation?> TryReserveAsync(string session, long minKib, long maxKib, HashSet<int> refused, CancellationToken cancel)
    {
        await TakeBackAsync(cancel).ConfigureAwait(false);
        while (true)
        {
            var (balloons, free) = Look();
            if (balloons.Count == 0)
            {
                return free >= minKib ? Reservations.Add(session, Math.Min(free, maxKib)) : null;
            }

            if (BalancePolicy.Share(balloons, free, minKib, maxKib) is not { } wanted)
            {
                return null;
            }

            if (wanted.GrantedKib <= free)
            {
                return Reservations.Add(session, wanted.GrantedKib);
            }

            int before = refused.Count;
            await LowerAsync(balloons, wanted, refused, cancel).ConfigureAwait(false);
            (_, free) = Look();
            if (free >= minKib)
            {
                return Reservations.Add(session, Math.Min(free, wanted.GrantedKib));
            }

            if (refused.Count == before)
            {
                return null;
            }
        }
    }

    /// <summary>First phase: asks for less, and waits until it has been given or nothing comes any more. Guests that give nothing are
    /// marked and added to <paramref name="refused"/>.</summary>
    private async Task LowerAsync(IReadOnlyCollection<Balloon> balloons, Balance wanted, HashSet<int> refused, CancellationToken cancel)
    {
        List<DomainEntry> waiting = [];
        foreach (var balloon in balloons.Where(b => wanted.Targets[b.Domid] < b.TargetKib))
        {
            if (table.Find(balloon.Domid) is { } entry)
            {
                await SetTargetAsync(entry, wanted.Targets[balloon.Domid], cancel).ConfigureAwait(false);
                waiting.Add(entry);
            }
        }

        long started = Stopwatch.GetTimestamp();
        var progress = waiting.ToDictionary(static e => e.Domid, static _ => (Least: long.MaxValue, At: Stopwatch.GetTimestamp()));
        while (waiting.Count > 0)
        {
            foreach (var entry in waiting.ToList())
            {
                if (hypervisor.Own(entry) is not { Dying: false } domain || Actual(entry, domain) <= entry.TargetKib + MemoryLimits.InaccuracyKib)
                {
                    waiting.Remove(entry);
                    continue;
                }

                long actual = Actual(entry, domain);
                if (actual < progress[entry.Domid].Least)
                {
                    progress[entry.Domid] = (actual, Stopwatch.GetTimestamp());
                }
                else if (Stopwatch.GetElapsedTime(progress[entry.Domid].At) > MemoryLimits.Stuck
                    && Stopwatch.GetElapsedTime(started) > MemoryLimits.Uncooperative)
                {
                    await GiveUpAsync(entry, cancel).ConfigureAwait(false);
                    refused.Add(entry.Domid);
                    waiting.Remove(entry);
                }
            }

            if (waiting.Count > 0)
            {
                await Task.Delay(MemoryLimits.Look, cancel).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Second phase: gives what is free to those who are to have more.</summary>
    private async Task RaiseAsync(Balance wanted, CancellationToken cancel)
    {
        var (balloons, free) = Look();
        foreach (var balloon in balloons)
        {
            if (!wanted.Targets.TryGetValue(balloon.Domid, out long target) || target <= balloon.TargetKib)
            {
                continue;
            }

            long more = Math.Min(target - balloon.TargetKib, Math.Max(0, free));
            if (more > 0 && table.Find(balloon.Domid) is { } entry)
            {
                await SetTargetAsync(entry, balloon.TargetKib + more, cancel).ConfigureAwait(false);
                free -= more;
            }
        }
    }

    private async Task GiveUpAsync(DomainEntry entry, CancellationToken cancel)
    {
        Log.GuestKeepsMemory(logger, entry.VmId, entry.TargetKib);
        entry.Uncooperative = true;
        await store.WriteAsync(StorePaths.Domain(entry.Domid, StoreKeys.Uncooperative), "1", cancel).ConfigureAwait(false);
    }

    /// <summary>A guest that was only slow, and has come down to what it was asked for by now, balloons again.</summary>
    private async Task TakeBackAsync(CancellationToken cancel)
    {
        foreach (var entry in table.All.Where(IsLeftOut).ToList())
        {
            if (hypervisor.Own(entry) is { Dying: false } domain && Actual(entry, domain) <= entry.TargetKib + MemoryLimits.InaccuracyKib)
            {
                Log.GuestGaveMemory(logger, entry.VmId, entry.TargetKib);
                await store.RemoveAsync(StorePaths.Domain(entry.Domid, StoreKeys.Uncooperative), cancel).ConfigureAwait(false);
                entry.Uncooperative = false;
            }
        }
    }

    /// <summary>The guests that can be moved, and what of the host's memory is nobody's.</summary>
    private (List<Balloon> Balloons, long FreeKib) Look()
    {
        var domains = hypervisor.Domains().ToDictionary(static d => d.Domid);
        List<Balloon> balloons = [];
        long raised = 0;
        foreach (var entry in table.All)
        {
            if (CanBalloon(entry) && domains.TryGetValue(entry.Domid, out var domain) && entry.Is(domain) && domain is { Dying: false, Paused: false, ShutdownCode: null })
            {
                entry.MemoryOffsetKib ??= Math.Clamp(domain.MemoryBytes / BytesPerKib - entry.TargetKib, 0, MemoryLimits.MaxOffsetKib);
                long actual = Actual(entry, domain);
                balloons.Add(new Balloon(entry.Domid, entry.DynamicMinKib, Math.Max(entry.DynamicMinKib, entry.DynamicMaxKib), entry.TargetKib, actual));

                // What a guest may take any moment because it was told so is not free.
                raised += Math.Max(0, entry.TargetKib - actual - MemoryLimits.InaccuracyKib);
            }
        }

        long outstanding = Reservations.OutstandingKib(domid => domains.TryGetValue(domid, out var d) ? d.MemoryBytes / BytesPerKib : 0);
        long free = hypervisor.Machine().FreeMemoryBytes / BytesPerKib - keepFreeKib - outstanding - raised;
        return (balloons, free);
    }

    private static bool CanBalloon(DomainEntry entry) => entry is { Balloons: true, Built: true, Ending: false, Uncooperative: false };

    /// <summary>False for a guest that has the only target it may have.</summary>
    private static bool CanMove(DomainEntry entry) => entry.DynamicMinKib < entry.DynamicMaxKib || entry.TargetKib != entry.DynamicMinKib;

    private static bool IsLeftOut(DomainEntry entry) => entry is { Balloons: true, Built: true, Ending: false, Uncooperative: true };

    private static long Actual(DomainEntry entry, XenDomain domain) => domain.MemoryBytes / BytesPerKib - (entry.MemoryOffsetKib ?? 0);

    /// <summary>A domain is going whose memory will be free.</summary>
    private bool IsFreeing() => table.All.Any(static e => e.Ending) || hypervisor.Domains().Any(static d => d.Dying);

    private XenopsError Shortage(long minKib, HashSet<int> refused) => refused.Count == 0
        ? new XenopsError(new XenopsErrorValue.Not_enough_memory(minKib * BytesPerKib))
        : new XenopsError(new XenopsErrorValue.Vms_failed_to_cooperate([.. table.All.Where(e => refused.Contains(e.Domid)).Select(static e => e.VmId)]));
}
