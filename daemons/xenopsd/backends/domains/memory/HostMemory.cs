using System.Globalization;
using Toolstack.Interop.Xen.Xenstore;
using Toolstack.Xenopsd.Backends.Domains.Tree;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Backends.Domains.Memory;

/// <summary>
/// Reservations of host memory for other services of the host (memory daemon's interface). Sizes in KiB. A session is named after its
/// service; what it reserves is noted in xenstore (<c>/squeezed/state</c>). Raises XenopsError: Not_enough_memory,
/// Vms_failed_to_cooperate, Does_not_exist(reservation, id).
/// </summary>
public sealed class HostMemory
{
    private const string Root = "/squeezed/state";
    private const int BytesPerKib = 1024;

    private readonly IHypervisor hypervisor;
    private readonly XenstoreClient store;
    private readonly Squeezer squeezer;
    private readonly long keepFreeKib;
    private readonly long initialFreeKib;

    internal HostMemory(IHypervisor hypervisor, XenstoreClient store, Squeezer squeezer, long keepFreeKib)
    {
        this.hypervisor = hypervisor;
        this.store = store;
        this.squeezer = squeezer;
        this.keepFreeKib = keepFreeKib;
        initialFreeKib = hypervisor.Machine().FreeMemoryBytes / BytesPerKib;
    }

    /// <summary>Begins a session: what it had reserved and not given to a domain is let go.</summary>
    public async Task<string> LoginAsync(string service, CancellationToken cancel)
    {
        if (!StorePaths.IsName(service) || service.Contains('/', StringComparison.Ordinal) || service.Length > MemoryLimits.MaxSession)
        {
            throw XenopsError.Internal($"\"{service}\" cannot be the name of a session");
        }

        squeezer.Reservations.RemoveOfSession(service);
        await StoreErrors.MapAsync(() => store.RemoveAsync($"{Root}/{service}", cancel)).ConfigureAwait(false);
        return service;
    }

    public async Task<(string Id, long Kib)> ReserveAsync(string session, long minKib, long maxKib, CancellationToken cancel)
    {
        return await StoreErrors.MapAsync(async () =>
        {
            var made = await squeezer.ReserveAsync(session, minKib, maxKib, cancel).ConfigureAwait(false);
            await store.WriteAsync(PathOf(made), made.Kib.ToString(CultureInfo.InvariantCulture), cancel).ConfigureAwait(false);
            return (made.Id, made.Kib);
        }).ConfigureAwait(false);
    }

    public Task DeleteAsync(string id, CancellationToken cancel)
    {
        var found = Get(id);
        squeezer.Reservations.Remove(id);
        return StoreErrors.MapAsync(() => store.RemoveAsync(PathOf(found), cancel));
    }

    /// <summary>The domain's from now on; it ends when the domain has all of it or is gone.</summary>
    public Task TransferAsync(string id, int domid, CancellationToken cancel)
    {
        var found = Get(id);
        squeezer.Transfer(found, domid);
        return StoreErrors.MapAsync(() =>
            store.WriteAsync(PathOf(found) + "/in-transfer", domid.ToString(CultureInfo.InvariantCulture), cancel));
    }

    /// <summary>Null when the domain has none.</summary>
    public string? OfDomain(int domid) => squeezer.Reservations.OfDomain(domid)?.Id;

    public Task BalanceAsync(CancellationToken cancel) => StoreErrors.MapAsync(() => squeezer.BalanceAsync(cancel));

    /// <summary>What is never given out.</summary>
    public long ReservedKib => keepFreeKib;

    /// <summary>What was free when this process began.</summary>
    public long InitialFreeKib => initialFreeKib;

    /// <summary>What the control domain has: it is not ballooned.</summary>
    public long ControlDomainKib => (hypervisor.Domain(0)?.MemoryBytes ?? 0) / BytesPerKib;

    /// <summary>What could be promised now without asking any guest.</summary>
    public long FreeKib => squeezer.FreeKib;

    /// <summary>Domids of VMs, as the memory daemon's errors name them.</summary>
    public IEnumerable<int> DomidsOf(IEnumerable<string> vmIds) => vmIds.Select(squeezer.DomidOf).OfType<int>();

    private Reservation Get(string id) => squeezer.Reservations.Find(id) ?? throw XenopsError.DoesNotExist("reservation", id);

    private static string PathOf(Reservation reservation) => $"{Root}/{reservation.Session}/{reservation.Id}";
}
