using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Placement;
using Toolstack.Xapi.VirtualMachines;

namespace Toolstack.Xapi.Hosts;

/// <summary>Where each VM of a host is to go, the largest first, each to the host with the most memory left; and what prevents those that
/// cannot go.</summary>
internal sealed class EvacuationPlan
{
    private EvacuationPlan() { }

    internal Dictionary<Ref<VM>, Ref<host>> Moves { get; } = [];

    internal Dictionary<Ref<VM>, XenApiError> Obstacles { get; } = [];

    /// <summary>Raises HANDLE_INVALID.</summary>
    internal static async Task<EvacuationPlan> MakeAsync(XapiDatabase database, Ref<host> from, CancellationToken cancel)
    {
        await database.Get(from, cancel).ConfigureAwait(false);
        IReadOnlyList<KeyValuePair<Ref<VM>, VM>> vms = await database.GetAll<VM>(cancel).ConfigureAwait(false);
        Dictionary<Ref<host>, long> room = await RoomAsync(database, from, vms, cancel).ConfigureAwait(false);
        EvacuationPlan plan = new();
        foreach ((Ref<VM> self, VM row) in vms.Where(v => v.Value.resident_on == from && !v.Value.is_control_domain).OrderByDescending(static v => Need(v.Value)))
        {
            try
            {
                plan.Moves[self] = await PlaceAsync(database, self, row, room, cancel).ConfigureAwait(false);
            }
            catch (XenApiError error)
            {
                plan.Obstacles[self] = error;
            }
        }

        return plan;
    }

    private static async Task<Ref<host>> PlaceAsync(
        XapiDatabase database, Ref<VM> self, VM row, Dictionary<Ref<host>, long> room, CancellationToken cancel)
    {
        AllowedOperations.Assert(VmRows.Facts(row, self.ToString()), "pool_migrate");
        XenApiError? last = null;
        foreach (Ref<host> target in room.Where(r => r.Value >= Need(row)).OrderByDescending(static r => r.Value).Select(static r => r.Key).ToArray())
        {
            try
            {
                await BootCheck.AssertAsync(database, self, row, target, memory: false, cancel).ConfigureAwait(false);
                room[target] -= Need(row);
                return target;
            }
            catch (XenApiError error)
            {
                last = error;
            }
        }

        throw last ?? (room.Count == 0 ? new XenApiError("NO_HOSTS_AVAILABLE") : new XenApiError("HOST_NOT_ENOUGH_FREE_MEMORY", self.ToString()));
    }

    private static async Task<Dictionary<Ref<host>, long>> RoomAsync(
        XapiDatabase database, Ref<host> from, IReadOnlyList<KeyValuePair<Ref<VM>, VM>> vms, CancellationToken cancel)
    {
        Dictionary<Ref<host>, long> room = [];
        foreach ((Ref<host> self, host row) in await database.GetAll<host>(cancel).ConfigureAwait(false))
        {
            if (self != from && row.enabled && await database.Find(row.metrics, cancel).ConfigureAwait(false) is { live: true } metrics)
            {
                room[self] = HostMemory.Free(self, row, metrics, vms, Ref<VM>.Null);
            }
        }

        return room;
    }

    private static long Need(VM row) => row.memory_dynamic_min + row.memory_overhead;
}
