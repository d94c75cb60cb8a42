using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Forwarding;
using Toolstack.Xapi.Pool;
using Toolstack.Xapi.Storage;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xapi.VirtualMachines;

/// <summary>The VDIs to which VMs are suspended.</summary>
internal sealed class SuspendImages(XapiDatabase database, HostIdentity identity, VdiStore store, IRemoteHosts remote)
{
    /// <summary>In other_config of the VDI: the uuid of the VM whose image it is, so that one left behind by a crash is found.</summary>
    private const string OwnerKey = "suspend-image-of";

    /// <summary>An image takes this much of the static maximum, and a constant, in bytes.</summary>
    private const double Share = 1.26;
    private const long Constant = 100L * 1024 * 1024;

    /// <summary>Makes the VDI for the VM's image on the first of the suspend SRs of VM, pool and host that this host reaches.
    /// Raises VM_NO_SUSPEND_SR [vm], SR_SUSPEND_SPACE_INSUFFICIENT [SR].</summary>
    internal async Task<Ref<VDI>> CreateAsync(Ref<VM> vm, VM row, CancellationToken cancel)
    {
        Ref<SR> place = await ChooseAsync(row, cancel).ConfigureAwait(false) ?? throw new XenApiError("VM_NO_SUSPEND_SR", vm.ToString());
        VDI image = new()
        {
            name_label = "Suspend image",
            name_description = "Suspend image",
            SR = place,
            virtual_size = (long)(row.memory_static_max * Share) + Constant,
            type = vdi_type.suspend,
            other_config = ImmutableSortedDictionary<string, string>.Empty.Add(OwnerKey, row.uuid),
        };
        try
        {
            return await store.CreateAsync(image, cancel).ConfigureAwait(false);
        }
        catch (XenApiError e)
        {
            throw Explain(e, image);
        }
    }

    /// <summary>What a failure says about the image's SR when that is full.</summary>
    internal static XenApiError Explain(XenApiError error, VDI? image) =>
        error.Code == "SR_BACKEND_FAILURE_44" && image is not null ? new XenApiError("SR_SUSPEND_SPACE_INSUFFICIENT", image.SR.ToString()) : error;

    internal async ValueTask<Disk> DiskAsync(Ref<VDI> image, CancellationToken cancel) =>
        new Disk.Local(await store.PathAsync(image, cancel).ConfigureAwait(false));

    /// <summary>Deletes an image; from here where this host reaches it, by the pool otherwise. None is no error.</summary>
    internal async Task DestroyAsync(Ref<VDI> image)
    {
        if (image.IsNull || await database.Find(image).ConfigureAwait(false) is not { } row)
        {
            return;
        }

        if (await store.IsAttachedHereAsync(row.SR, CancellationToken.None).ConfigureAwait(false))
        {
            await store.DestroyAsync(image).ConfigureAwait(false);
        }
        else
        {
            await remote.CallCoordinatorAsync("VDI.destroy", [new Value.Text(image.ToString())], CancellationToken.None).ConfigureAwait(false);
        }
    }

    /// <summary>At start: images that a suspend or resume of this host's previous process left behind, of VMs that run here.</summary>
    internal async Task CollectAsync(CancellationToken cancel)
    {
        Dictionary<string, KeyValuePair<Ref<VM>, VM>> here = (await database.GetAll<VM>(cancel).ConfigureAwait(false))
            .Where(row => row.Value.resident_on == identity.Localhost && row.Value.current_operations.IsEmpty)
            .ToDictionary(static row => row.Value.uuid, StringComparer.Ordinal);
        foreach ((Ref<VDI> self, VDI row) in await database.GetAll<VDI>(cancel).ConfigureAwait(false))
        {
            if (row.type != vdi_type.suspend || !row.other_config.TryGetValue(OwnerKey, out string? owner)
                || !here.TryGetValue(owner, out KeyValuePair<Ref<VM>, VM> vm))
            {
                continue;
            }

            await database.Update(vm.Key, current => current.suspend_VDI == self ? current with { suspend_VDI = Ref<VDI>.Null } : current, cancel)
                .ConfigureAwait(false);
            await DestroyAsync(self).ConfigureAwait(false);
        }
    }

    private async ValueTask<Ref<SR>?> ChooseAsync(VM row, CancellationToken cancel)
    {
        IReadOnlyList<KeyValuePair<Ref<pool>, pool>> pools = await database.GetAll<pool>(cancel).ConfigureAwait(false);
        host? here = await database.Find(identity.Localhost, cancel).ConfigureAwait(false);
        Ref<SR>[] candidates = [row.suspend_SR, pools.Count > 0 ? pools[0].Value.suspend_image_SR : Ref<SR>.Null, here?.suspend_image_sr ?? Ref<SR>.Null];
        foreach (Ref<SR> one in candidates)
        {
            if (!one.IsNull && await database.Find(one, cancel).ConfigureAwait(false) is not null
                && await store.IsAttachedHereAsync(one, cancel).ConfigureAwait(false))
            {
                return one;
            }
        }

        return null;
    }
}
