using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;

namespace Toolstack.Xapi.Storage;

/// <summary>Which SRs a VM needs, and whether a host reaches them.</summary>
internal static class VmStorage
{
    /// <summary>The SRs of the VM's disks and media, and of the image it is suspended to.</summary>
    internal static async ValueTask<HashSet<Ref<SR>>> NeededAsync(XapiDatabase database, VM row, CancellationToken cancel)
    {
        HashSet<Ref<SR>> needed = [];
        foreach (Ref<VBD> one in row.VBDs)
        {
            if (await database.Find(one, cancel).ConfigureAwait(false) is { empty: false } vbd
                && await database.Find(vbd.VDI, cancel).ConfigureAwait(false) is { } vdi)
            {
                needed.Add(vdi.SR);
            }
        }

        if (row.power_state == vm_power_state.Suspended && !row.suspend_VDI.IsNull
            && await database.Find(row.suspend_VDI, cancel).ConfigureAwait(false) is { } image)
        {
            needed.Add(image.SR);
        }

        return needed;
    }

    /// <summary>An SR of the VM that the host does not reach, or null.</summary>
    internal static async ValueTask<Ref<SR>?> MissingAsync(XapiDatabase database, VM row, Ref<host> host, CancellationToken cancel) =>
        row.VBDs.IsEmpty && row.suspend_VDI.IsNull
            ? null
            : await MissingAsync(database, await NeededAsync(database, row, cancel).ConfigureAwait(false), host, cancel).ConfigureAwait(false);

    /// <summary>One of the SRs to which the host has no attached PBD, or null.</summary>
    internal static async ValueTask<Ref<SR>?> MissingAsync(XapiDatabase database, HashSet<Ref<SR>> needed, Ref<host> host, CancellationToken cancel)
    {
        foreach (Ref<SR> self in needed)
        {
            SR row = await database.Get(self, cancel).ConfigureAwait(false);
            bool reached = false;
            foreach (Ref<PBD> one in row.PBDs)
            {
                reached |= await database.Find(one, cancel).ConfigureAwait(false) is { currently_attached: true } way && way.host == host;
            }

            if (!reached)
            {
                return self;
            }
        }

        return null;
    }
}
