using System.Globalization;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.VirtualMachines;

namespace Toolstack.Xapi.Placement;

/// <summary>How much memory a host has left for guests, by what is promised rather than by what is used. In bytes.</summary>
internal static class HostMemory
{
    /// <summary>Total less the host's own and less what the guests on it, and those scheduled for it, need at least. Never negative.
    /// <paramref name="except"/>: a VM whose own reservation does not count.</summary>
    public static long Free(Ref<host> self, host row, host_metrics metrics, IReadOnlyList<KeyValuePair<Ref<VM>, VM>> vms, Ref<VM> except)
    {
        long free = metrics.memory_total - row.memory_overhead;
        foreach ((Ref<VM> vm, VM guest) in vms)
        {
            bool scheduled = guest.scheduled_to_be_resident_on == self && vm != except;
            if (guest.resident_on == self || scheduled)
            {
                free -= guest.memory_dynamic_min + guest.memory_overhead;
            }
        }

        return Math.Max(0, free);
    }

    /// <summary>Raises HOST_NOT_ENOUGH_FREE_MEMORY [needed; available] when the VM does not fit beside what is promised already.</summary>
    public static async ValueTask AssertFitsAsync(XapiDatabase database, Ref<host> self, Ref<VM> vm, VM guest, CancellationToken cancel)
    {
        host row = await database.Get(self, cancel).ConfigureAwait(false);
        host_metrics metrics = await database.Get(row.metrics, cancel).ConfigureAwait(false);
        long available = Free(self, row, metrics, await database.GetAll<VM>(cancel).ConfigureAwait(false), vm);
        AssertFits(VmRows.Memory(guest).FootprintBytes, available);
    }

    public static void AssertFits(long needed, long available)
    {
        if (available < needed)
        {
            throw new XenApiError("HOST_NOT_ENOUGH_FREE_MEMORY",
                needed.ToString(CultureInfo.InvariantCulture), available.ToString(CultureInfo.InvariantCulture));
        }
    }
}
