using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.VirtualMachines;

namespace Toolstack.Xapi.Placement;

/// <summary>Chooses the host on which a VM starts.</summary>
internal sealed class HostChooser(XapiDatabase database, Func<double> random)
{
    /// <summary>The host to start the VM on, best first by <see cref="HostRanking"/>; when none has the memory, and the CPU that a suspended VM
    /// knows, one that passes every other check (starting there then raises the error). Raises NO_HOSTS_AVAILABLE.</summary>
    public async ValueTask<Ref<host>> ChooseAsync(Ref<VM> vm, VM guest, bool coordinatorBias, Ref<host> coordinator, CancellationToken cancel)
    {
        if (!guest.scheduled_to_be_resident_on.IsNull)
        {
            return guest.scheduled_to_be_resident_on;
        }

        IReadOnlyList<KeyValuePair<Ref<host>, host>> hosts = await database.GetAll<host>(cancel).ConfigureAwait(false);
        IReadOnlyList<KeyValuePair<Ref<VM>, VM>> vms = await database.GetAll<VM>(cancel).ConfigureAwait(false);
        List<HostOffer> offers = [];
        foreach ((Ref<host> self, host row) in hosts)
        {
            host_metrics? metrics = await database.Find(row.metrics, cancel).ConfigureAwait(false);
            if (metrics is not null)
            {
                offers.Add(Offer(self, row, metrics, vms, vm, guest, self == coordinator));
            }
        }

        ImmutableArray<string> ranked = HostRanking.Order(offers, coordinatorBias, random);
        return await FirstAsync(vm, guest, ranked, memory: true, cancel).ConfigureAwait(false)
            ?? await FirstAsync(vm, guest, [.. hosts.Select(static h => h.Key.ToString())], memory: false, cancel).ConfigureAwait(false)
            ?? throw new XenApiError("NO_HOSTS_AVAILABLE");
    }

    /// <summary>Every host on which the VM could start now.</summary>
    public async ValueTask<ImmutableArray<Ref<host>>> PossibleAsync(Ref<VM> vm, VM guest, CancellationToken cancel)
    {
        ImmutableArray<Ref<host>>.Builder possible = ImmutableArray.CreateBuilder<Ref<host>>();
        foreach ((Ref<host> self, _) in await database.GetAll<host>(cancel).ConfigureAwait(false))
        {
            if (await PassesAsync(vm, guest, self, memory: true, cancel).ConfigureAwait(false))
            {
                possible.Add(self);
            }
        }

        return possible.ToImmutable();
    }

    private async ValueTask<Ref<host>?> FirstAsync(
        Ref<VM> vm, VM guest, ImmutableArray<string> hosts, bool memory, CancellationToken cancel)
    {
        foreach (string text in hosts)
        {
            Ref<host> self = new(text);
            if (await PassesAsync(vm, guest, self, memory, cancel).ConfigureAwait(false))
            {
                return self;
            }
        }

        return null;
    }

    private async ValueTask<bool> PassesAsync(Ref<VM> vm, VM guest, Ref<host> self, bool memory, CancellationToken cancel)
    {
        try
        {
            await BootCheck.AssertAsync(database, vm, guest, self, memory, cancel).ConfigureAwait(false);
            if (memory)
            {
                await CpuCheck.AssertAsync(database, vm, self, cancel).ConfigureAwait(false);
            }

            return true;
        }
        catch (XenApiError)
        {
            return false;
        }
    }

    private static HostOffer Offer(Ref<host> self, host row, host_metrics metrics, IReadOnlyList<KeyValuePair<Ref<VM>, VM>> vms,
        Ref<VM> candidate, VM guest, bool coordinator)
    {
        long overhead = VmRows.Memory(guest).OverheadBytes;
        long staticMax = guest.memory_static_max + overhead;
        long dynamicMax = guest.memory_dynamic_max + overhead;
        long dynamicMin = guest.memory_dynamic_min + overhead;
        foreach ((Ref<VM> other, VM resident) in vms)
        {
            if (other != candidate && (resident.resident_on == self || resident.scheduled_to_be_resident_on == self))
            {
                staticMax += resident.memory_static_max + resident.memory_overhead;
                dynamicMax += resident.memory_dynamic_max + resident.memory_overhead;
                dynamicMin += resident.memory_dynamic_min + resident.memory_overhead;
            }
        }

        return new HostOffer(self.ToString(), metrics.memory_total - row.memory_overhead, staticMax, dynamicMax, dynamicMin,
            coordinator, guest.affinity == self);
    }
}
