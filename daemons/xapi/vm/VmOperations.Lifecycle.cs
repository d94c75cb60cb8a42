using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Dispatch;
using Toolstack.Xapi.Placement;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xapi.VirtualMachines;

/// <summary>Starting, pausing and stopping.</summary>
internal sealed partial class VmOperations
{
    /// <summary>What a guest may be given to shut down at most, in seconds: a day.</summary>
    private const long LongestDelay = 24 * 60 * 60;

    public override Task start(Call call, Ref<VM> vm, bool start_paused, bool force) => StartAsync(Context(call), vm, start_paused, force);

    public override Task start_on(Call call, Ref<VM> vm, Ref<host> host, bool start_paused, bool force) =>
        StartAsync(Context(call), vm, start_paused, force);

    public override async Task pause(Call call, Ref<VM> vm) =>
        await RunAsync(Context(call), vm, static (x, debug, id) => x.VmPause(debug, id, CancellationToken.None)).ConfigureAwait(false);

    public override async Task unpause(Call call, Ref<VM> vm) =>
        await RunAsync(Context(call), vm, static (x, debug, id) => x.VmUnpause(debug, id, CancellationToken.None)).ConfigureAwait(false);

    public override async Task clean_shutdown(Call call, Ref<VM> vm) =>
        await ShutdownAsync(Context(call), vm, await GetAsync(call, vm).ConfigureAwait(false), settings.ShutdownDeadline).ConfigureAwait(false);

    public override async Task hard_shutdown(Call call, Ref<VM> vm)
    {
        VM row = await GetAsync(call, vm).ConfigureAwait(false);
        if (row.power_state == vm_power_state.Suspended)
        {
            await xenops.ForgetAsync(Context(call), vm, row.uuid).ConfigureAwait(false);
            VM halted = await database.Update(vm,
                current => VmRows.Halted(current with { suspend_VDI = Ref<VDI>.Null, last_booted_record = "" }, vm.ToString())).ConfigureAwait(false);
            await devices.DetachAllAsync(halted, CancellationToken.None).ConfigureAwait(false);
            await images.DestroyAsync(row.suspend_VDI).ConfigureAwait(false);
            return;
        }

        await ShutdownAsync(Context(call), vm, row, null).ConfigureAwait(false);
    }

    /// <summary>Asks the guest first and ends it if it does not comply; it has the VM's <c>shutdown_delay</c> (seconds) for that, where one is set.</summary>
    public override async Task shutdown(Call call, Ref<VM> vm)
    {
        VM row = await GetAsync(call, vm).ConfigureAwait(false);
        if (row.power_state == vm_power_state.Running)
        {
            try
            {
                await ShutdownAsync(Context(call), vm, row,
                    row.shutdown_delay > 0 ? TimeSpan.FromSeconds(Math.Min(row.shutdown_delay, LongestDelay)) : settings.ShutdownDeadline).ConfigureAwait(false);
                return;
            }
            catch (XenApiError e) when (e.Code != "TASK_CANCELLED")
            {
                // Ended the hard way below.
            }
        }

        await hard_shutdown(call, vm).ConfigureAwait(false);
    }

    public override Task clean_reboot(Call call, Ref<VM> vm) => RebootAsync(Context(call), vm, settings.ShutdownDeadline.TotalSeconds);

    public override Task hard_reboot(Call call, Ref<VM> vm) => RebootAsync(Context(call), vm, null);

    private async Task StartAsync(CallContext call, Ref<VM> vm, bool paused, bool force)
    {
        using IDisposable atWork = await starts.EnterAsync(vm).ConfigureAwait(false);
        VM row = await GetAsync(call, vm).ConfigureAwait(false);
        AssertPromised(row, identity.Localhost);
        if (!force && !MemoryLimits.Valid(row.memory_static_min, row.memory_dynamic_min, row.memory_dynamic_max, row.memory_static_max))
        {
            throw new XenApiError("MEMORY_CONSTRAINT_VIOLATION");
        }

        await DestroyIfAnyAsync(row.guest_metrics).ConfigureAwait(false);
        if (row.ha_restart_priority == "restart")
        {
            await ProtectAsync(vm, row, protect: true).ConfigureAwait(false);
        }

        try
        {
            await devices.AttachAllAsync(row, call.Cancellation).ConfigureAwait(false);
            await xenops.PushAsync(call, vm, row).ConfigureAwait(false);
            await StartDomainAsync(call, vm, row.uuid, paused, force).ConfigureAwait(false);
        }
        finally
        {
            // After a failure too: only a resident VM's state reaches the database, and that state (halted) is what it must say.
            // On disk with the rest of the answer.
            await database.Unhurried.Update(vm, current => VmRows.Residing(current, identity.Localhost)).ConfigureAwait(false);
            await xenops.RefreshAsync(call, vm, row.uuid).ConfigureAwait(false);
        }

        VM after = await database.Get(vm, CancellationToken.None).ConfigureAwait(false);
        if (paused && after.power_state != vm_power_state.Paused)
        {
            throw new XenApiError("INTERNAL_ERROR", $"VM started paused is {after.power_state}");
        }
    }

    /// <summary>The unpause is queued behind the start at once, so that the guest runs as soon as it can.</summary>
    private async Task StartDomainAsync(CallContext call, Ref<VM> vm, string uuid, bool paused, bool force)
    {
        Task<string?> started = await xenops.QueueAsync(call, vm, uuid, (x, debug) => x.VmStart(debug, uuid, force, CancellationToken.None))
            .ConfigureAwait(false);
        Task<string?>? unpaused = paused
            ? null
            : await xenops.QueueAsync(call, vm, uuid, (x, debug) => x.VmUnpause(debug, uuid, CancellationToken.None)).ConfigureAwait(false);
        try
        {
            await started.ConfigureAwait(false);
        }
        catch (XenApiError)
        {
            await IgnoreAsync(unpaused).ConfigureAwait(false);
            throw;
        }

        if (unpaused is not null)
        {
            await unpaused.ConfigureAwait(false);
        }
    }

    /// <summary>Whether the VM is to run again should it end by itself: from when somebody starts it until somebody ends it.</summary>
    private async Task ProtectAsync(Ref<VM> vm, VM row, bool protect)
    {
        if (row.ha_always_run != protect)
        {
            await database.Update(vm, current => current with { ha_always_run = protect }).ConfigureAwait(false);
        }
    }

    private async Task ShutdownAsync(CallContext call, Ref<VM> vm, VM row, TimeSpan? patience)
    {
        await ProtectAsync(vm, row, protect: false).ConfigureAwait(false);
        await RunAsync(call, vm, row, (x, debug, id) => x.VmShutdown(debug, id, patience?.TotalSeconds, CancellationToken.None)).ConfigureAwait(false);
        VM after = await database.Get(vm, CancellationToken.None).ConfigureAwait(false);
        if (after.power_state != vm_power_state.Halted)
        {
            throw new XenApiError("INTERNAL_ERROR", $"VM is {after.power_state} after a shutdown that succeeded");
        }
    }

    private async Task RebootAsync(CallContext call, Ref<VM> vm, double? patience)
    {
        VM row = await GetAsync(call, vm).ConfigureAwait(false);
        await devices.AttachAllAsync(row, call.Cancellation).ConfigureAwait(false);
        await xenops.PushAsync(call, vm, row).ConfigureAwait(false);
        await RunAsync(call, vm, (x, debug, id) => x.VmReboot(debug, id, patience, CancellationToken.None)).ConfigureAwait(false);
    }

    /// <summary>Runs a task of xenopsd on the VM; afterwards, also after a failure, the database says what became of the VM.</summary>
    private async Task<string?> RunAsync(CallContext call, Ref<VM> vm, Func<IXenops, string, string, Task<string>> start) =>
        await RunAsync(call, vm, await GetAsync(call, vm).ConfigureAwait(false), start).ConfigureAwait(false);

    private async Task<string?> RunAsync(CallContext call, Ref<VM> vm, VM row, Func<IXenops, string, string, Task<string>> start)
    {
        try
        {
            return await xenops.RunAsync(call, vm, row.uuid, (x, debug) => start(x, debug, row.uuid)).ConfigureAwait(false);
        }
        finally
        {
            await xenops.RefreshAsync(call, vm, row.uuid).ConfigureAwait(false);
        }
    }

    private static async Task IgnoreAsync(Task<string?>? wait)
    {
        try
        {
            await (wait ?? Task.FromResult<string?>(null)).ConfigureAwait(false);
        }
        catch (XenApiError)
        {
            // The failure that came before it is the one to report.
        }
    }
}
