using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Storage;

namespace Toolstack.Xapi.Devices;

/// <summary>Reads from the database what <see cref="DeviceRules"/> judges by, and keeps allowed_operations of VBDs and VIFs true.</summary>
internal sealed class DeviceFacts(XapiDatabase database)
{
    private readonly StorageFacts storage = new(database);

    internal async ValueTask<VbdFacts> OfAsync(Ref<VBD> self, VBD row, CancellationToken cancel)
    {
        VM vm = await database.Get(row.VM, cancel).ConfigureAwait(false);
        VDI? vdi = row.VDI.IsNull ? null : await database.Find(row.VDI, cancel).ConfigureAwait(false);
        bool shared = false;
        bool writer = false;
        foreach (Ref<VBD> one in vdi?.VBDs ?? [])
        {
            if (one == self || await database.Find(one, cancel).ConfigureAwait(false) is not { } other)
            {
                continue;
            }

            if (other.currently_attached || other.reserved || !other.current_operations.IsEmpty)
            {
                shared = true;
                writer |= other.mode == vbd_mode.RW;
            }
        }

        return new VbdFacts(row.VM, vm, await HasDriversAsync(vm, static m => m.can_use_hotplug_vbd, cancel).ConfigureAwait(false), vdi, writer, shared);
    }

    /// <summary>False only when the guest reports, and what it reports says that it lacks the drivers.</summary>
    internal async ValueTask<bool> HasDriversAsync(VM vm, Func<VM_guest_metrics, tristate_type> hotplug, CancellationToken cancel)
    {
        if (!DeviceNames.IsHvm(vm) || vm.guest_metrics.IsNull || await database.Find(vm.guest_metrics, cancel).ConfigureAwait(false) is not { } metrics)
        {
            return true;
        }

        return hotplug(metrics) switch
        {
            tristate_type.yes => true,
            tristate_type.no => false,
            _ => metrics.PV_drivers_detected,
        };
    }

    /// <summary>Recomputes the VBD, and the VDI it is of.</summary>
    internal async ValueTask UpdateAllowedAsync(Ref<VBD> self, CancellationToken cancel)
    {
        if (await database.Find(self, cancel).ConfigureAwait(false) is not { } row)
        {
            return;
        }

        if (await database.Find(row.VM, cancel).ConfigureAwait(false) is not null)
        {
            VbdFacts facts = await OfAsync(self, row, cancel).ConfigureAwait(false);
            await IgnoreGoneAsync(database.Update(self, current => DeviceRules.WithAllowed(self.ToString(), current, facts), cancel)).ConfigureAwait(false);
        }

        if (!row.VDI.IsNull)
        {
            await storage.UpdateAllowedAsync(row.VDI, cancel).ConfigureAwait(false);
        }
    }

    internal async ValueTask UpdateAllowedAsync(Ref<VIF> self, CancellationToken cancel)
    {
        if (await database.Find(self, cancel).ConfigureAwait(false) is { } row && await database.Find(row.VM, cancel).ConfigureAwait(false) is { } vm)
        {
            bool drivers = await HasDriversAsync(vm, static m => m.can_use_hotplug_vif, cancel).ConfigureAwait(false);
            await IgnoreGoneAsync(database.Update(self, current => DeviceRules.WithAllowed(self.ToString(), current, row.VM, vm, drivers), cancel))
                .ConfigureAwait(false);
        }
    }

    /// <summary>Recomputes all devices of a VM, whose power state or operations have changed. Free for a VM without devices.</summary>
    internal async ValueTask UpdateAllowedAsync(VM vm, CancellationToken cancel)
    {
        foreach (Ref<VBD> one in vm.VBDs)
        {
            await UpdateAllowedAsync(one, cancel).ConfigureAwait(false);
        }

        foreach (Ref<VIF> one in vm.VIFs)
        {
            await UpdateAllowedAsync(one, cancel).ConfigureAwait(false);
        }
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
