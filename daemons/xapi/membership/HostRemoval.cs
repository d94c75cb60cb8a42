using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Networks;
using Toolstack.Xapi.Placement;
using Toolstack.Xapi.Storage;

namespace Toolstack.Xapi.Membership;

/// <summary>Takes a host out of the pool's database: its own rows, and the SRs that only it could reach. The host's row goes last, so that a removal
/// that was cut short can be done again.</summary>
internal sealed class HostRemoval(XapiDatabase database, VdiStore store)
{
    internal async Task RemoveAsync(Ref<host> self, CancellationToken cancel)
    {
        host row = await database.Get(self, cancel).ConfigureAwait(false);
        foreach (Ref<PBD> pbd in row.PBDs)
        {
            await RemoveWayAsync(pbd, cancel).ConfigureAwait(false);
        }

        await RemoveInterfacesAsync(row, cancel).ConfigureAwait(false);
        await RemoveAllAsync(row.host_CPUs, cancel).ConfigureAwait(false);
        await RemoveAllAsync(row.certificates, cancel).ConfigureAwait(false);
        await RemoveAllAsync(row.features, cancel).ConfigureAwait(false);
        await RemoveAllAsync(row.PCIs, cancel).ConfigureAwait(false);
        await RemoveAllAsync(row.PGPUs, cancel).ConfigureAwait(false);
        await RemoveAllAsync(row.PUSBs, cancel).ConfigureAwait(false);
        await RemoveAllAsync(row.crashdumps, cancel).ConfigureAwait(false);
        await RemoveAllAsync(row.patches, cancel).ConfigureAwait(false);
        await RemoveControlDomainAsync(row.control_domain, cancel).ConfigureAwait(false);
        foreach ((Ref<VM> vm, VM other) in await database.GetAll<VM>(cancel).ConfigureAwait(false))
        {
            if (other.affinity == self)
            {
                await database.Update(vm, static r => r with { affinity = Ref<host>.Null }, cancel).ConfigureAwait(false);
            }
        }

        await RemoveAllAsync([row.metrics], cancel).ConfigureAwait(false);
        await RemoveAllAsync([self], cancel).ConfigureAwait(false);
        await new PoolCpu(database).RefreshAsync(cancel).ConfigureAwait(false);
    }

    /// <summary>A PBD, and its SR when no host is left that reaches it.</summary>
    private async Task RemoveWayAsync(Ref<PBD> self, CancellationToken cancel)
    {
        if (await database.Find(self, cancel).ConfigureAwait(false) is not { } way)
        {
            return;
        }

        if (await database.Find(way.SR, cancel).ConfigureAwait(false) is { shared: false } repository && repository.PBDs.All(p => p == self))
        {
            foreach (Ref<VDI> disk in repository.VDIs)
            {
                if (await database.Find(disk, cancel).ConfigureAwait(false) is { } vdi)
                {
                    await store.ForgetAsync(disk, vdi).ConfigureAwait(false);
                }
            }

            await RemoveAllAsync([way.SR], cancel).ConfigureAwait(false);
        }

        await RemoveAllAsync([self], cancel).ConfigureAwait(false);
        await store.Facts.UpdateAllowedAsync(way.SR, cancel).ConfigureAwait(false);
    }

    private async Task RemoveInterfacesAsync(host row, CancellationToken cancel)
    {
        ImmutableHashSet<Ref<PIF>> own = [.. row.PIFs];
        foreach ((Ref<VLAN> vlan, VLAN tagged) in await database.GetAll<VLAN>(cancel).ConfigureAwait(false))
        {
            if (own.Contains(tagged.untagged_PIF))
            {
                await RemoveAllAsync([vlan], cancel).ConfigureAwait(false);
            }
        }

        foreach ((Ref<Bond> bond, Bond bonded) in await database.GetAll<Bond>(cancel).ConfigureAwait(false))
        {
            if (own.Contains(bonded.master))
            {
                await RemoveAllAsync([bond], cancel).ConfigureAwait(false);
            }
        }

        foreach ((Ref<tunnel> tunnel, tunnel through) in await database.GetAll<tunnel>(cancel).ConfigureAwait(false))
        {
            if (own.Contains(through.access_PIF))
            {
                await RemoveAllAsync([tunnel], cancel).ConfigureAwait(false);
            }
        }

        foreach (Ref<PIF> pif in own)
        {
            await PifRules.RemoveAsync(database, pif, cancel).ConfigureAwait(false);
        }
    }

    private async Task RemoveControlDomainAsync(Ref<VM> self, CancellationToken cancel)
    {
        if (await database.Find(self, cancel).ConfigureAwait(false) is { } row)
        {
            await RemoveAllAsync([row.metrics], cancel).ConfigureAwait(false);
            await RemoveAllAsync([self], cancel).ConfigureAwait(false);
        }
    }

    private async Task RemoveAllAsync<T>(ImmutableArray<Ref<T>> rows, CancellationToken cancel)
        where T : XenObject, IXenObject<T>
    {
        foreach (Ref<T> self in rows)
        {
            if (await database.Find(self, cancel).ConfigureAwait(false) is not null)
            {
                await database.Destroy(self, cancel).ConfigureAwait(false);
            }
        }
    }
}
