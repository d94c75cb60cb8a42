using System.Collections.Concurrent;
using Toolstack.Interop.Xen;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Backends.Domains;

/// <summary>The domains by the id of their VM. Safe for any thread.</summary>
internal sealed class DomainTable
{
    private readonly ConcurrentDictionary<string, DomainEntry> byVm = new(StringComparer.Ordinal);

    public IEnumerable<DomainEntry> All => byVm.Values;

    public int Count => byVm.Count;

    public DomainEntry? Find(string vmId) => byVm.GetValueOrDefault(vmId);

    /// <summary>XenopsError Does_not_exist when the VM has no domain.</summary>
    public DomainEntry Get(string vmId) => Find(vmId) ?? throw XenopsError.DoesNotExist("domain", vmId);

    /// <summary>XenopsError Already_exists when the VM has one.</summary>
    public void Add(DomainEntry entry)
    {
        if (!byVm.TryAdd(entry.VmId, entry))
        {
            throw new XenopsError(new XenopsErrorValue.Already_exists("domain", entry.VmId));
        }
    }

    public void Remove(DomainEntry entry) => byVm.TryRemove(KeyValuePair.Create(entry.VmId, entry));

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
