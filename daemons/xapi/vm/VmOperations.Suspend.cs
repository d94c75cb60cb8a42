using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Dispatch;
using Toolstack.Xapi.Placement;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xapi.VirtualMachines;

/// <summary>Suspending to an image on storage and resuming from it. The image is a VDI that exists as long as the VM is suspended.</summary>
internal sealed partial class VmOperations
{
    /// <summary>How long a xenopsd that died during a suspend may take to come back, before the suspend fails with its image kept.</summary>
    private static readonly TimeSpan OutageDeadline = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan OutagePoll = TimeSpan.FromMilliseconds(200);

    /// <summary>Raises VM_NO_SUSPEND_SR [vm], SR_SUSPEND_SPACE_INSUFFICIENT [SR], VM_FAILED_SUSPEND_ACK, VM_SUSPEND_TIMEOUT. Not cancellable
    /// once xenopsd works on it.</summary>
    public override async Task suspend(Call call, Ref<VM> vm)
    {
        CallContext context = Context(call);
        VM row = await GetAsync(call, vm).ConfigureAwait(false);
        await ProtectAsync(vm, row, protect: false).ConfigureAwait(false);
        Ref<VDI> image = await images.CreateAsync(vm, row, call.Cancellation).ConfigureAwait(false);
        try
        {
            await database.Update(vm, current => current with { suspend_VDI = image }, CancellationToken.None).ConfigureAwait(false);
            await SaveAsync(context, vm, row.uuid, image).ConfigureAwait(false);
            await xenops.RefreshAsync(context, vm, row.uuid).ConfigureAwait(false);
        }
        catch (XenApiError e)
        {
            if (!await IsSuspendedAsync(context, vm, row.uuid).ConfigureAwait(false))
            {
                await AbandonSuspendAsync(context, vm, row.uuid, image).ConfigureAwait(false);
                throw SuspendImages.Explain(e, await database.Find(image).ConfigureAwait(false));
            }

            // xenopsd died after the image was complete: the image is the VM, whatever became of the operation.
            await xenops.RefreshAsync(context, vm, row.uuid).ConfigureAwait(false);
        }

        VM after = await database.Get(vm, CancellationToken.None).ConfigureAwait(false);
        if (after.power_state != vm_power_state.Suspended)
        {
            throw new XenApiError("INTERNAL_ERROR", $"VM is {after.power_state} after a suspend that succeeded");
        }
    }

    public override Task resume(Call call, Ref<VM> vm, bool start_paused, bool force) => ResumeAsync(Context(call), vm, start_paused, force);

    public override Task resume_on(Call call, Ref<VM> vm, Ref<host> host, bool start_paused, bool force) =>
        ResumeAsync(Context(call), vm, start_paused, force);

    private async Task SaveAsync(CallContext call, Ref<VM> vm, string uuid, Ref<VDI> image)
    {
        Disk disk = await images.DiskAsync(image, CancellationToken.None).ConfigureAwait(false);
        await xenops.RunAsync(
            call, vm, uuid, (x, debug) => x.VmSuspend(debug, uuid, disk, CancellationToken.None), CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>What xenopsd, perhaps a new process of it, says of the VM. Raises the outage's error when none answers in time; then nothing is
    /// known of the image, and it stays.</summary>
    private async Task<bool> IsSuspendedAsync(CallContext call, Ref<VM> vm, string uuid)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                return await xenops.AskAsync(call, vm, uuid, async (x, debug) =>
                {
                    try
                    {
                        return (await x.VmStat(debug, uuid, CancellationToken.None).ConfigureAwait(false)).state.power_state == PowerState.Suspended;
                    }
                    catch (XenopsError e) when (e.Value is XenopsErrorValue.Does_not_exist)
                    {
                        return false;
                    }
                }).ConfigureAwait(false);
            }
            catch (XenApiError) when (TimeProvider.System.GetElapsedTime(start) < OutageDeadline)
            {
                await Task.Delay(OutagePoll).ConfigureAwait(false);
            }
        }
    }

    /// <summary>After a failure that left no image of the VM.</summary>
    private async Task AbandonSuspendAsync(CallContext call, Ref<VM> vm, string uuid, Ref<VDI> image)
    {
        try
        {
            await xenops.RefreshAsync(call, vm, uuid).ConfigureAwait(false);
        }
        finally
        {
            VM after = await database.Update(vm, current => current.suspend_VDI != image ? current : current.power_state == vm_power_state.Suspended
                ? VmRows.Halted(current, vm.ToString()) with { suspend_VDI = Ref<VDI>.Null, last_booted_record = "" }
                : current with { suspend_VDI = Ref<VDI>.Null }).ConfigureAwait(false);
            if (after.power_state == vm_power_state.Halted)
            {
                await devices.DetachAllAsync(after, CancellationToken.None).ConfigureAwait(false);
            }

            await images.DestroyAsync(image).ConfigureAwait(false);
        }
    }

    /// <summary>Raises VM_HAS_NO_SUSPEND_VDI [vm], after which the VM is halted; VM_INCOMPATIBLE_WITH_THIS_HOST [vm; host; reason] unless forced. After any other failure it is suspended as before.</summary>
    private async Task ResumeAsync(CallContext call, Ref<VM> vm, bool paused, bool force)
    {
        using IDisposable atWork = await starts.EnterAsync(vm).ConfigureAwait(false);
        VM row = await GetAsync(call, vm).ConfigureAwait(false);
        AssertPromised(row, identity.Localhost);
        if (row.suspend_VDI.IsNull || await database.Find(row.suspend_VDI, call.Cancellation).ConfigureAwait(false) is null)
        {
            VM halted = await database.Update(vm, current => VmRows.Halted(current with { suspend_VDI = Ref<VDI>.Null }, vm.ToString())).ConfigureAwait(false);
            await devices.DetachAllAsync(halted, CancellationToken.None).ConfigureAwait(false);
            throw new XenApiError("VM_HAS_NO_SUSPEND_VDI", vm.ToString());
        }

        if (!force)
        {
            await CpuCheck.AssertAsync(database, vm, identity.Localhost, call.Cancellation).ConfigureAwait(false);
        }

        await using (await xenops.SuppressAsync(row.uuid, call.Cancellation).ConfigureAwait(false))
        {
            try
            {
                await xenops.PushAsync(call, vm, row).ConfigureAwait(false);
                await RestoreAsync(call, vm, row.uuid, row.suspend_VDI, paused).ConfigureAwait(false);
            }
            catch (XenApiError)
            {
                await EndIfRunningAsync(call, vm, row.uuid).ConfigureAwait(false);
                throw;
            }

            await database.Update(vm, current => VmRows.Residing(current, identity.Localhost) with { suspend_VDI = Ref<VDI>.Null, last_booted_record = "" })
                .ConfigureAwait(false);
        }

        await images.DestroyAsync(row.suspend_VDI).ConfigureAwait(false);
    }

    private async Task RestoreAsync(CallContext call, Ref<VM> vm, string uuid, Ref<VDI> image, bool paused)
    {
        Disk disk = await images.DiskAsync(image, CancellationToken.None).ConfigureAwait(false);
        await xenops.RunAsync(
            call, vm, uuid, (x, debug) => x.VmResume(debug, uuid, disk, CancellationToken.None), CancellationToken.None).ConfigureAwait(false);
        if (!paused)
        {
            await xenops.RunAsync(call, vm, uuid, (x, debug) => x.VmUnpause(debug, uuid, CancellationToken.None), CancellationToken.None).ConfigureAwait(false);
        }
    }

    /// <summary>A domain that a failed resume left behind goes: its image is still there.</summary>
    private async Task EndIfRunningAsync(CallContext call, Ref<VM> vm, string uuid)
    {
        try
        {
            (_, VmState state) = await xenops.AskAsync(call, vm, uuid, (x, debug) => x.VmStat(debug, uuid, CancellationToken.None)).ConfigureAwait(false);
            if (state.power_state is PowerState.Running or PowerState.Paused)
            {
                await xenops.RunAsync(
                    call, vm, uuid, (x, debug) => x.VmShutdown(debug, uuid, null, CancellationToken.None), CancellationToken.None).ConfigureAwait(false);
            }

            await xenops.ForgetAsync(call, vm, uuid).ConfigureAwait(false);
        }
        catch (XenApiError e)
        {
            // The failure of the resume is the one to report; xenopsd's view is taken at its next update.
            Log.ForgetFailed(logger, uuid, e.Message);
        }
    }
}
