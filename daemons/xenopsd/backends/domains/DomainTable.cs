using System.Collections.Concurrent;
using Toolstack.Interop.Xen;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Backends.Domains;

/// <summary>The domains by the id of their VM, and by domid. Safe for any thread.</summary>
internal sealed class DomainTable
{
    private readonly ConcurrentDictionary<string, DomainEntry> byVm = new(StringComparer.Ordinal);

    private readonly ConcurrentDictionary<int, DomainEntry> byDomid = new();

    public IEnumerable<DomainEntry> All => byVm.Values;

    public int Count => byVm.Count;

    public DomainEntry? Find(string vmId) => byVm.GetValueOrDefault(vmId);

    public DomainEntry? Find(int domid) => byDomid.GetValueOrDefault(domid);

    /// <summary>XenopsError Does_not_exist when the VM has no domain.</summary>
    public DomainEntry Get(string vmId) => Find(vmId) ?? throw XenopsError.DoesNotExist("domain", vmId);

    /// <summary>XenopsError Already_exists when the VM has one. Whoever had the domid before is to be removed first.</summary>
    public void Add(DomainEntry entry)
    {
        if (!byVm.TryAdd(entry.VmId, entry))
        {
            throw new XenopsError(new XenopsErrorValue.Already_exists("domain", entry.VmId));
        }

        byDomid[entry.Domid] = entry;
    }

    public void Remove(DomainEntry entry)
    {
        byVm.TryRemove(KeyValuePair.Create(entry.VmId, entry));
        byDomid.TryRemove(KeyValuePair.Create(entry.Domid, entry));
    }

    public void Rename(DomainEntry entry, string newVmId)
    {
        if (!byVm.TryAdd(newVmId, entry))
        {
            throw new XenopsError(new XenopsErrorValue.Already_exists("domain", newVmId));
        }

        byVm.TryRemove(entry.VmId, out _);
        entry.VmId = newVmId;
    }
}

/// <summary>The way from what is known of a domain to the domain itself.</summary>
internal static class OwnDomain
{
    /// <summary>The domain of an entry; null when it is gone, whoever has its domid now. Raises HypervisorError.</summary>
    public static XenDomain? Own(this IHypervisor hypervisor, DomainEntry entry) =>
        hypervisor.Domain(entry.Domid) is { } domain && entry.Is(domain) ? domain : null;
}

/// <summary>A VM's id as the handle of its domain, and the handles that mark a domain as nobody's.</summary>
internal static class Handles
{
    private const string EndingPrefix = "deadbeef-dead-beef-dead-beef0000";

    /// <summary>XenopsError Internal_error for an id that is no uuid.</summary>
    public static Guid Of(string vmId) =>
        Guid.TryParseExact(vmId, "D", out var handle) ? handle : throw XenopsError.Internal($"\"{vmId}\" is no uuid: no domain can carry it");

    /// <summary>The handle of a domain that is being destroyed: nobody finds it under its VM any more.</summary>
    public static Guid Ending(int domid) => Guid.ParseExact($"{EndingPrefix}{domid:x4}", "D");

    public static bool IsEnding(Guid handle) => handle.ToString().StartsWith(EndingPrefix, StringComparison.Ordinal);

    /// <summary>A guest's domain that lives: neither the host's own nor one that is going.</summary>
    public static bool IsGuest(XenDomain domain) => domain.Domid != 0 && !domain.Dying && !IsEnding(domain.Handle) && domain.Handle != Guid.Empty;
}
