using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Storage;

namespace Toolstack.Xapi.Forwarding;

/// <summary>Finds the host that has an object, or that reaches a storage repository, for the messages whose policy says to run there.</summary>
internal sealed class ObjectHosts(XapiDatabase database)
{
    /// <summary>The classes that <see cref="OfObjectAsync"/> knows a host of.</summary>
    internal static ImmutableHashSet<string> Classes { get; } = ImmutableHashSet.Create(
        StringComparer.Ordinal, "VBD", "VIF", "VUSB", "PIF", "PBD", "PGPU", "PCI", "PUSB", "VLAN", "tunnel", "Bond", "network_sriov", "host_crashdump",
        "host_patch", "Cluster_host");

    /// <summary>The host of the object. Null where its VM runs nowhere. Raises HANDLE_INVALID.</summary>
    internal async ValueTask<Ref<host>> OfObjectAsync(string className, string reference, CancellationToken cancel) => className switch
    {
        "VBD" => await OfVmAsync((await Row<VBD>(reference, cancel).ConfigureAwait(false)).VM, cancel).ConfigureAwait(false),
        "VIF" => await OfVmAsync((await Row<VIF>(reference, cancel).ConfigureAwait(false)).VM, cancel).ConfigureAwait(false),
        "VUSB" => await OfVmAsync((await Row<VUSB>(reference, cancel).ConfigureAwait(false)).VM, cancel).ConfigureAwait(false),
        "PIF" => (await Row<PIF>(reference, cancel).ConfigureAwait(false)).host,
        "PBD" => (await Row<PBD>(reference, cancel).ConfigureAwait(false)).host,
        "PGPU" => (await Row<PGPU>(reference, cancel).ConfigureAwait(false)).host,
        "PCI" => (await Row<PCI>(reference, cancel).ConfigureAwait(false)).host,
        "PUSB" => (await Row<PUSB>(reference, cancel).ConfigureAwait(false)).host,
        "VLAN" => await OfPifAsync((await Row<VLAN>(reference, cancel).ConfigureAwait(false)).tagged_PIF, cancel).ConfigureAwait(false),
        "tunnel" => await OfPifAsync((await Row<tunnel>(reference, cancel).ConfigureAwait(false)).transport_PIF, cancel).ConfigureAwait(false),
        "Bond" => await OfPifAsync((await Row<Bond>(reference, cancel).ConfigureAwait(false)).master, cancel).ConfigureAwait(false),
        "network_sriov" => await OfPifAsync((await Row<network_sriov>(reference, cancel).ConfigureAwait(false)).physical_PIF, cancel).ConfigureAwait(false),
        "host_crashdump" => (await Row<host_crashdump>(reference, cancel).ConfigureAwait(false)).host,
        "host_patch" => (await Row<host_patch>(reference, cancel).ConfigureAwait(false)).host,
        "Cluster_host" => (await Row<Cluster_host>(reference, cancel).ConfigureAwait(false)).host,
        _ => throw new InvalidOperationException($"objects of class {className} belong to no host"),
    };

    /// <summary>The host through whose PBD the SR, or the SR of the VDI, is reached: the coordinator for a shared one. With
    /// <paramref name="detached"/> a PBD need not be attached, or even there: then it is the coordinator. Raises SR_NO_PBDS [SR], HANDLE_INVALID.</summary>
    internal async ValueTask<Ref<host>> OfStorageAsync(string className, string reference, Ref<host> coordinator, bool detached, CancellationToken cancel)
    {
        Ref<SR> self = className == "VDI" ? (await Row<VDI>(reference, cancel).ConfigureAwait(false)).SR : new Ref<SR>(reference);
        SR repository = await database.Get(self, cancel).ConfigureAwait(false);
        foreach (Ref<PBD> way in repository.PBDs)
        {
            PBD row = await database.Get(way, cancel).ConfigureAwait(false);
            if ((row.currently_attached || detached) && (!repository.shared || row.host == coordinator))
            {
                return row.host;
            }
        }

        return detached ? coordinator : throw new XenApiError("SR_NO_PBDS", self.ToString());
    }

    /// <summary>A live host that reaches every SR of the VM's disks, and of its suspend image: the coordinator where it does. Null: any will do.
    /// Raises NO_HOSTS_AVAILABLE.</summary>
    internal async ValueTask<Ref<host>> OfDisksAsync(Ref<VM> self, Ref<host> coordinator, CancellationToken cancel)
    {
        HashSet<Ref<SR>> needed = await VmStorage.NeededAsync(database, await database.Get(self, cancel).ConfigureAwait(false), cancel).ConfigureAwait(false);
        if (needed.Count == 0 || await VmStorage.MissingAsync(database, needed, coordinator, cancel).ConfigureAwait(false) is null)
        {
            return Ref<host>.Null;
        }

        foreach ((Ref<host> other, host row) in await database.GetAll<host>(cancel).ConfigureAwait(false))
        {
            bool live = await database.Find(row.metrics, cancel).ConfigureAwait(false) is { live: true };
            if (live && await VmStorage.MissingAsync(database, needed, other, cancel).ConfigureAwait(false) is null)
            {
                return other;
            }
        }

        throw new XenApiError("NO_HOSTS_AVAILABLE");
    }

    private ValueTask<T> Row<T>(string reference, CancellationToken cancel) where T : XenObject, IXenObject<T> => database.Get(new Ref<T>(reference), cancel);

    private async ValueTask<Ref<host>> OfPifAsync(Ref<PIF> self, CancellationToken cancel) => (await database.Get(self, cancel).ConfigureAwait(false)).host;

    private async ValueTask<Ref<host>> OfVmAsync(Ref<VM> self, CancellationToken cancel)
    {
        VM row = await database.Get(self, cancel).ConfigureAwait(false);
        return row.power_state is vm_power_state.Running or vm_power_state.Paused ? row.resident_on : Ref<host>.Null;
    }
}
