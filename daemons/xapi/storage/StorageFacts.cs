using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;

namespace Toolstack.Xapi.Storage;

/// <summary>Reads from the database what <see cref="StorageRules"/> judges by, and keeps allowed_operations of VDIs and SRs true.</summary>
internal sealed class StorageFacts(XapiDatabase database)
{
    internal async ValueTask<VdiUse> UseAsync(VDI row, CancellationToken cancel)
    {
        bool attached = false;
        bool writable = false;
        ImmutableArray<(string, string, string)>.Builder busy = ImmutableArray.CreateBuilder<(string, string, string)>();
        foreach (Ref<VBD> one in row.VBDs)
        {
            if (await database.Find(one, cancel).ConfigureAwait(false) is not { } vbd)
            {
                continue;
            }

            if (vbd.currently_attached || vbd.reserved)
            {
                attached = true;
                writable |= vbd.mode == vbd_mode.RW;
            }

            busy.AddRange(vbd.current_operations.Select(c => (one.ToString(), c.Key, vbd_operationsCodec.Text(c.Value))));
        }

        return new VdiUse(attached, writable, busy.ToImmutable(), await IsReachableAsync(row.SR, cancel).ConfigureAwait(false));
    }

    /// <summary>Some PBD of the SR is attached, and some VDI in it counts.</summary>
    internal async ValueTask<(bool Attached, bool Occupied)> StateAsync(Ref<SR> self, SR row, CancellationToken cancel)
    {
        bool occupied = false;
        foreach (Ref<VDI> one in row.VDIs)
        {
            occupied |= await database.Find(one, cancel).ConfigureAwait(false) is { managed: true, type: not vdi_type.rrd };
        }

        return (await IsReachableAsync(self, cancel).ConfigureAwait(false), occupied);
    }

    internal async ValueTask UpdateAllowedAsync(Ref<VDI> self, CancellationToken cancel)
    {
        if (await database.Find(self, cancel).ConfigureAwait(false) is { } row)
        {
            VdiUse use = await UseAsync(row, cancel).ConfigureAwait(false);
            await IgnoreGoneAsync(database.Update(self, current => StorageRules.WithAllowed(self.ToString(), current, use), cancel)).ConfigureAwait(false);
        }
    }

    internal async ValueTask UpdateAllowedAsync(Ref<SR> self, CancellationToken cancel)
    {
        if (await database.Find(self, cancel).ConfigureAwait(false) is { } row)
        {
            (bool attached, bool occupied) = await StateAsync(self, row, cancel).ConfigureAwait(false);
            await IgnoreGoneAsync(database.Update(self, current => StorageRules.WithAllowed(self.ToString(), current, attached, occupied), cancel))
                .ConfigureAwait(false);
        }
    }

    private async ValueTask<bool> IsReachableAsync(Ref<SR> self, CancellationToken cancel)
    {
        if (await database.Find(self, cancel).ConfigureAwait(false) is not { } repository)
        {
            return false;
        }

        foreach (Ref<PBD> way in repository.PBDs)
        {
            if (await database.Find(way, cancel).ConfigureAwait(false) is { currently_attached: true })
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A row that was destroyed meanwhile allows nothing any more.</summary>
    private static async ValueTask IgnoreGoneAsync<T>(ValueTask<T> update)
    {
        try
        {
            await update.ConfigureAwait(false);
        }
        catch (XenApiError e) when (e.Code == "HANDLE_INVALID")
        {
            // As it should be.
        }
    }
}
