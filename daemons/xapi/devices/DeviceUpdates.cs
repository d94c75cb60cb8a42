using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Pool;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xapi.Devices;

/// <summary>Makes the rows of devices say what xenopsd says of them. Only devices of VMs that are resident here are touched.
/// Raises XenopsError when xenopsd does not answer.</summary>
internal sealed class DeviceUpdates(IXenops xenops, XapiDatabase database, HostIdentity identity)
{
    private const string Debug = "devices";

    private readonly DeviceFacts facts = new(database);

    /// <summary>All devices of a VM. Free for one without.</summary>
    internal async Task RefreshAsync(Ref<VM> vm, VM row, CancellationToken cancel)
    {
        foreach (Ref<VBD> one in row.VBDs)
        {
            await RefreshAsync(one, vm, cancel).ConfigureAwait(false);
        }

        foreach (Ref<VIF> one in row.VIFs)
        {
            await RefreshAsync(one, vm, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>The device that xenopsd names, if the VM has it.</summary>
    internal async Task RefreshDiskAsync(Ref<VM> vm, string device, CancellationToken cancel)
    {
        VM? row = await database.Find(vm, cancel).ConfigureAwait(false);
        foreach (Ref<VBD> one in row?.VBDs ?? [])
        {
            if (await database.Find(one, cancel).ConfigureAwait(false) is { } vbd && DeviceNames.VbdId(row!, vbd).device == device)
            {
                await RefreshAsync(one, vm, cancel).ConfigureAwait(false);
            }
        }
    }

    /// <summary>The device that xenopsd names, if the VM has it.</summary>
    internal async Task RefreshInterfaceAsync(Ref<VM> vm, string device, CancellationToken cancel)
    {
        VM? row = await database.Find(vm, cancel).ConfigureAwait(false);
        foreach (Ref<VIF> one in row?.VIFs ?? [])
        {
            if (await database.Find(one, cancel).ConfigureAwait(false) is { } vif && vif.device == device)
            {
                await RefreshAsync(one, vm, cancel).ConfigureAwait(false);
            }
        }
    }

    internal async Task RefreshAsync(Ref<VBD> self, Ref<VM> vm, CancellationToken cancel)
    {
        VM owner = await database.Get(vm, cancel).ConfigureAwait(false);
        if (owner.resident_on != identity.Localhost || await database.Find(self, cancel).ConfigureAwait(false) is not { } row)
        {
            return;
        }

        (string vm, string device) id = DeviceNames.VbdId(owner, row);
        VbdState? state = await StatAsync(async () => (await xenops.VbdStat(Debug, id, cancel).ConfigureAwait(false)).state).ConfigureAwait(false);
        bool attached = state is { plugged: true } or { active: true };
        await database.Update(self, current => current with
        {
            currently_attached = attached,
            reserved = false,
            device = attached ? id.device : current.device,
        }, cancel).ConfigureAwait(false);
        await facts.UpdateAllowedAsync(self, cancel).ConfigureAwait(false);
    }

    internal async Task RefreshAsync(Ref<VIF> self, Ref<VM> vm, CancellationToken cancel)
    {
        VM owner = await database.Get(vm, cancel).ConfigureAwait(false);
        if (owner.resident_on != identity.Localhost || await database.Find(self, cancel).ConfigureAwait(false) is not { } row)
        {
            return;
        }

        (string vm, string device) id = DeviceNames.VifId(owner, row);
        VifState? state = await StatAsync(async () => (await xenops.VifStat(Debug, id, cancel).ConfigureAwait(false)).state).ConfigureAwait(false);
        bool attached = state is { plugged: true } or { active: true };
        await database.Update(self, current => current with { currently_attached = attached, reserved = false }, cancel).ConfigureAwait(false);
        await facts.UpdateAllowedAsync(self, cancel).ConfigureAwait(false);
    }

    /// <summary>The devices of a VM that runs nowhere are attached to nothing.</summary>
    internal async Task DetachAllAsync(VM row, CancellationToken cancel)
    {
        foreach (Ref<VBD> one in row.VBDs)
        {
            await UpdateAsync(database.Update(one, static current => current with { currently_attached = false, reserved = false }, cancel)).ConfigureAwait(false);
        }

        foreach (Ref<VIF> one in row.VIFs)
        {
            await UpdateAsync(database.Update(one, static current => current with { currently_attached = false, reserved = false }, cancel)).ConfigureAwait(false);
        }

        await facts.UpdateAllowedAsync(row, cancel).ConfigureAwait(false);
    }

    /// <summary>The devices that a VM is to run with are attached from now on: what is described to xenopsd follows. Drives without a medium
    /// are for HVM guests only.</summary>
    internal async Task AttachAllAsync(VM row, CancellationToken cancel)
    {
        bool hvm = DeviceNames.IsHvm(row);
        foreach (Ref<VBD> one in row.VBDs)
        {
            await database.Update(one, current => hvm || !current.empty
                ? current with { currently_attached = true, device = DeviceNames.VbdId(row, current).device }
                : current with { currently_attached = false }, cancel).ConfigureAwait(false);
        }

        foreach (Ref<VIF> one in row.VIFs)
        {
            await database.Update(one, static current => current with { currently_attached = true }, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>Makes xenopsd forget a device that was unplugged, so that a reboot of the VM does not bring it back.</summary>
    internal static async Task ForgetAsync(Func<Task> remove)
    {
        try
        {
            await remove().ConfigureAwait(false);
        }
        catch (XenopsError e) when (e.Value is XenopsErrorValue.Does_not_exist)
        {
            // Gone already.
        }
    }

    internal ValueTask UpdateAllowedAsync(VM row, CancellationToken cancel) => facts.UpdateAllowedAsync(row, cancel);

    private static async Task<T?> StatAsync<T>(Func<Task<T>> ask) where T : class
    {
        try
        {
            return await ask().ConfigureAwait(false);
        }
        catch (XenopsError e) when (e.Value is XenopsErrorValue.Does_not_exist)
        {
            return null;
        }
    }

    private static async Task UpdateAsync<T>(ValueTask<T> update)
    {
        try
        {
            await update.ConfigureAwait(false);
        }
        catch (XenApiError e) when (e.Code == "HANDLE_INVALID")
        {
            // The device was destroyed meanwhile.
        }
    }
}
