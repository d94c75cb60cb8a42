using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Devices;
using Toolstack.Xapi.Pool;
using Toolstack.Xapi.Storage;
using Toolstack.Xapi.VirtualMachines;

namespace Toolstack.Xapi.Membership;

/// <summary>
/// What a new member brings along: the rows of the stand-alone host that it was, entered in the pool's database under the references they had.
/// Whatever is in the pool already is left as it is, so a member that dies on the way begins anew. Networks are joined by their bridge.
/// </summary>
internal sealed class Arrival(XapiDatabase pool, HostIdentity identity, string databasePath, ILogger logger)
{
    private readonly HashSet<string> present = new(StringComparer.Ordinal);
    private int brought;

    /// <summary>Whether the pool does not have all of them yet.</summary>
    internal bool IsPending => File.Exists(databasePath + DatabaseFiles.Brought);

    /// <summary>Brings them. Raises CANNOT_CONTACT_HOST [address]; then it is to be done again. A database that cannot be read is left where it is
    /// moved to, and brings nothing.</summary>
    internal async Task BringAsync(CancellationToken cancel)
    {
        string path = databasePath + DatabaseFiles.Brought;
        try
        {
            LocalDatabase own = LocalDatabase.Open(path, Datamodel.Datamodel.Classes, logger);
            await using (own.ConfigureAwait(false))
            {
                await BringAsync(own, cancel).ConfigureAwait(false);
            }

            Log.RowsBrought(logger, brought);
        }
        catch (Exception error) when (error is DatabaseFileException or IOException or UnauthorizedAccessException)
        {
            Log.RowsNotBrought(logger, path, error.Message);
        }

        DatabaseFiles.Move(path, databasePath + DatabaseFiles.Taken);
    }

    /// <summary>From the database of the stand-alone host to the pool's.</summary>
    internal async Task BringAsync(XapiDatabase own, CancellationToken cancel)
    {
        Ref<host> self = await own.GetByUuid<host>(identity.Uuid, cancel).ConfigureAwait(false);
        await HostAsync(own, self, cancel).ConfigureAwait(false);
        Dictionary<Ref<network>, Ref<network>> networks = await NetworksAsync(own, cancel).ConfigureAwait(false);
        await InterfacesAsync(own, networks, cancel).ConfigureAwait(false);
        await StorageAsync(own, cancel).ConfigureAwait(false);
        List<Ref<VM>> vms = await VmsAsync(own, self, cancel).ConfigureAwait(false);
        await DevicesAsync(own, networks, cancel).ConfigureAwait(false);
        DeviceFacts facts = new(pool);
        foreach (Ref<VM> vm in vms)
        {
            VM row = await pool.Update(vm, current => VmRows.WithAllowed(current, vm.ToString()), cancel).ConfigureAwait(false);
            await facts.UpdateAllowedAsync(row, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>The control domain is entered by the start, as for every member.</summary>
    private async Task HostAsync(XapiDatabase own, Ref<host> self, CancellationToken cancel)
    {
        host row = await own.Get(self, cancel).ConfigureAwait(false);
        if (await own.Find(row.metrics, cancel).ConfigureAwait(false) is { } metrics)
        {
            await AdoptAsync(row.metrics, metrics with { live = false }, cancel).ConfigureAwait(false);
        }

        await AdoptAsync(self, row with
        {
            address = identity.Address,
            enabled = false,
            allowed_operations = [],
            current_operations = row.current_operations.Clear(),
            control_domain = Ref<VM>.Null,
            blobs = row.blobs.Clear(),
            updates = [],
            updates_requiring_reboot = [],
        }, cancel).ConfigureAwait(false);
    }

    /// <summary>What each network of the host is in the pool.</summary>
    private async Task<Dictionary<Ref<network>, Ref<network>>> NetworksAsync(XapiDatabase own, CancellationToken cancel)
    {
        Dictionary<string, Ref<network>> bridges = new(StringComparer.Ordinal);
        foreach ((Ref<network> self, network row) in await pool.GetAll<network>(cancel).ConfigureAwait(false))
        {
            bridges.TryAdd(row.bridge, self);
        }

        Dictionary<Ref<network>, Ref<network>> map = [];
        foreach ((Ref<network> self, network row) in await own.GetAll<network>(cancel).ConfigureAwait(false))
        {
            if (row.bridge.Length > 0 && bridges.TryGetValue(row.bridge, out Ref<network> there))
            {
                map[self] = there;
                continue;
            }

            map[self] = self;
            await AdoptAsync(self, row with { blobs = row.blobs.Clear(), current_operations = row.current_operations.Clear() }, cancel).ConfigureAwait(false);
        }

        return map;
    }

    private async Task InterfacesAsync(XapiDatabase own, Dictionary<Ref<network>, Ref<network>> networks, CancellationToken cancel)
    {
        foreach ((Ref<PIF> self, PIF row) in await own.GetAll<PIF>(cancel).ConfigureAwait(false))
        {
            if (await own.Find(row.metrics, cancel).ConfigureAwait(false) is { } metrics)
            {
                await AdoptAsync(row.metrics, metrics, cancel).ConfigureAwait(false);
            }

            await AdoptAsync(self, row with { network = networks.GetValueOrDefault(row.network, row.network) }, cancel).ConfigureAwait(false);
        }

        foreach ((Ref<VLAN> self, VLAN row) in await own.GetAll<VLAN>(cancel).ConfigureAwait(false))
        {
            await AdoptAsync(self, row, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>SRs of this host with what is in them. The start attaches them.</summary>
    private async Task StorageAsync(XapiDatabase own, CancellationToken cancel)
    {
        foreach ((Ref<SR> self, SR row) in await own.GetAll<SR>(cancel).ConfigureAwait(false))
        {
            if (!row.shared)
            {
                await AdoptAsync(self, row with { blobs = row.blobs.Clear(), current_operations = row.current_operations.Clear() }, cancel).ConfigureAwait(false);
            }
        }

        IReadOnlyList<KeyValuePair<Ref<VDI>, VDI>> disks = await own.GetAll<VDI>(cancel).ConfigureAwait(false);
        foreach ((Ref<VDI> self, VDI row) in disks.Where(d => present.Contains(d.Value.SR.ToString())))
        {
            await AdoptAsync(self, row with
            {
                current_operations = row.current_operations.Clear(), snapshot_of = Ref<VDI>.Null, parent = Ref<VDI>.Null, metadata_of_pool = Ref<pool>.Null,
            }, cancel).ConfigureAwait(false);
        }

        // Both ends must be there before a relation is entered, so that its inverse is.
        foreach ((Ref<VDI> self, VDI row) in disks.Where(d => present.Contains(d.Key.ToString()) && !(d.Value.snapshot_of.IsNull && d.Value.parent.IsNull)))
        {
            await pool.Update(self, current => current with { snapshot_of = row.snapshot_of, parent = row.parent }, cancel).ConfigureAwait(false);
        }

        foreach ((Ref<PBD> self, PBD row) in await own.GetAll<PBD>(cancel).ConfigureAwait(false))
        {
            if (present.Contains(row.SR.ToString()))
            {
                await AdoptAsync(self, row with { currently_attached = false }, cancel).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Every VM, template and snapshot but those that each pool has. None of them runs: the join saw to that.</summary>
    private async Task<List<Ref<VM>>> VmsAsync(XapiDatabase own, Ref<host> host, CancellationToken cancel)
    {
        foreach ((Ref<VM_appliance> self, VM_appliance row) in await own.GetAll<VM_appliance>(cancel).ConfigureAwait(false))
        {
            await AdoptAsync(self, row with { current_operations = row.current_operations.Clear() }, cancel).ConfigureAwait(false);
        }

        List<KeyValuePair<Ref<VM>, VM>> vms =
            [.. (await own.GetAll<VM>(cancel).ConfigureAwait(false)).Where(static v => v.Value is { is_control_domain: false, is_default_template: false })];
        foreach ((Ref<VM> self, VM row) in vms)
        {
            if (await own.Find(row.metrics, cancel).ConfigureAwait(false) is { } metrics)
            {
                await AdoptAsync(row.metrics, metrics, cancel).ConfigureAwait(false);
            }

            await AdoptAsync(self, Unbound(row, host), cancel).ConfigureAwait(false);
        }

        vms.RemoveAll(v => !present.Contains(v.Key.ToString()));
        foreach ((Ref<VM> self, VM row) in vms)
        {
            await pool.Update(self, current => current with { snapshot_of = row.snapshot_of, parent = row.parent }, cancel).ConfigureAwait(false);
        }

        return [.. vms.Select(static v => v.Key)];
    }

    private static VM Unbound(VM row, Ref<host> host) => row with
    {
        allowed_operations = [],
        current_operations = row.current_operations.Clear(),
        power_state = row.power_state == vm_power_state.Suspended ? vm_power_state.Suspended : vm_power_state.Halted,
        domid = -1,
        resident_on = Ref<Datamodel.host>.Null,
        scheduled_to_be_resident_on = Ref<Datamodel.host>.Null,
        affinity = row.affinity == host ? host : Ref<Datamodel.host>.Null,
        guest_metrics = Ref<VM_guest_metrics>.Null,
        snapshot_of = Ref<VM>.Null,
        parent = Ref<VM>.Null,
        blobs = row.blobs.Clear(),
        protection_policy = Ref<VMPP>.Null,
        snapshot_schedule = Ref<VMSS>.Null,
        attached_PCIs = [],
        groups = [],
    };

    private async Task DevicesAsync(XapiDatabase own, Dictionary<Ref<network>, Ref<network>> networks, CancellationToken cancel)
    {
        foreach ((Ref<VBD> self, VBD row) in await own.GetAll<VBD>(cancel).ConfigureAwait(false))
        {
            if (present.Contains(row.VM.ToString()))
            {
                await AdoptAsync(self, row with { current_operations = row.current_operations.Clear(), currently_attached = false, reserved = false }, cancel)
                    .ConfigureAwait(false);
            }
        }

        foreach ((Ref<VIF> self, VIF row) in await own.GetAll<VIF>(cancel).ConfigureAwait(false))
        {
            if (present.Contains(row.VM.ToString()))
            {
                await AdoptAsync(self, row with
                {
                    network = networks.GetValueOrDefault(row.network, row.network),
                    current_operations = row.current_operations.Clear(),
                    currently_attached = false,
                }, cancel).ConfigureAwait(false);
            }
        }

        foreach ((Ref<VTPM> self, VTPM row) in await own.GetAll<VTPM>(cancel).ConfigureAwait(false))
        {
            if (present.Contains(row.VM.ToString()) && await own.Find(row.contents, cancel).ConfigureAwait(false) is { } contents)
            {
                await AdoptAsync(row.contents, contents, cancel).ConfigureAwait(false);
                await AdoptAsync(self, row with { current_operations = row.current_operations.Clear() }, cancel).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Enters a row; one whose uuid the pool has under another reference stays out, and what depends on it with it.</summary>
    private async Task AdoptAsync<T>(Ref<T> self, T row, CancellationToken cancel)
        where T : XenObject, IXenObject<T>
    {
        try
        {
            await pool.Adopt(self, row, cancel).ConfigureAwait(false);
            present.Add(self.ToString());
            brought++;
        }
        catch (XenApiError error) when (error.Code == "DB_UNIQUENESS_CONSTRAINT_VIOLATION")
        {
            if (await pool.Find(self, cancel).ConfigureAwait(false) is not null)
            {
                present.Add(self.ToString());
                return;
            }

            Log.RowNotBrought(logger, T.Info.Name, row.Uuid);
        }
    }
}
