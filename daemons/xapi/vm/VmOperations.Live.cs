using System.Globalization;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Placement;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xapi.VirtualMachines;

/// <summary>Memory, vCPUs and shadow memory of a running VM. Memory in bytes.</summary>
internal sealed partial class VmOperations
{
    /// <summary>How near to its target a balloon counts as arrived.</summary>
    private const long BalloonTolerance = 1024 * 1024;

    private static readonly TimeSpan BalloonDeadline = TimeSpan.FromSeconds(256);
    private static readonly TimeSpan BalloonPoll = TimeSpan.FromSeconds(1);

    public override Task set_memory_dynamic_range(Call call, Ref<VM> self, long min, long max) =>
        SetDynamicAsync(call, self, row => row with { memory_dynamic_min = min, memory_dynamic_max = max, memory_target = max });

    public override Task set_memory_dynamic_min(Call call, Ref<VM> self, long value) =>
        SetDynamicAsync(call, self, row => row with { memory_dynamic_min = value });

    public override Task set_memory_dynamic_max(Call call, Ref<VM> self, long value) =>
        SetDynamicAsync(call, self, row => row with { memory_dynamic_max = value, memory_target = value });

    /// <summary>Minimum and maximum at once.</summary>
    public override Task set_memory_target_live(Call call, Ref<VM> self, long target) =>
        SetDynamicAsync(call, self, row => row with { memory_dynamic_min = target, memory_dynamic_max = target, memory_target = target });

    /// <summary>Waits until the guest uses what it is to use. Raises VM_MEMORY_TARGET_WAIT_TIMEOUT [vm].</summary>
    public override async Task wait_memory_target_live(Call call, Ref<VM> self)
    {
        VM row = await GetAsync(call, self).ConfigureAwait(false);
        long start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            (_, VmState state) = await xenops.AskAsync(
                Context(call), self, row.uuid, (x, debug) => x.VmStat(debug, row.uuid, CancellationToken.None)).ConfigureAwait(false);
            if (Math.Abs(state.memory_actual - state.memory_target) <= BalloonTolerance)
            {
                return;
            }

            if (TimeProvider.System.GetElapsedTime(start) > BalloonDeadline)
            {
                throw new XenApiError("VM_MEMORY_TARGET_WAIT_TIMEOUT", self.ToString());
            }

            await WaitAsync(call, BalloonPoll).ConfigureAwait(false);
        }
    }

    /// <summary>Every guest is taken to cooperate until its balloon does not.</summary>
    public override async Task<bool> get_cooperative(Call call, Ref<VM> self)
    {
        await GetAsync(call, self).ConfigureAwait(false);
        return true;
    }

    /// <summary>Raises INVALID_VALUE [nvcpu; number] beyond VCPUs_max.</summary>
    public override async Task set_VCPUs_number_live(Call call, Ref<VM> self, long nvcpu)
    {
        VM row = await GetAsync(call, self).ConfigureAwait(false);
        if (nvcpu <= 0 || nvcpu > row.VCPUs_max)
        {
            throw new XenApiError("INVALID_VALUE", "nvcpu", nvcpu.ToString(CultureInfo.InvariantCulture));
        }

        await RunAsync(Context(call), self, (x, debug, id) => x.VmSetVcpus(debug, id, nvcpu, CancellationToken.None)).ConfigureAwait(false);
        await database.Update(self, current => current with { VCPUs_at_startup = nvcpu }).ConfigureAwait(false);
    }

    /// <summary>Raises INVALID_VALUE [multiplier; number] below 1.</summary>
    public override async Task set_shadow_multiplier_live(Call call, Ref<VM> self, double multiplier)
    {
        if (!(multiplier >= 1))
        {
            throw new XenApiError("INVALID_VALUE", "multiplier", multiplier.ToString(CultureInfo.InvariantCulture));
        }

        await RunAsync(Context(call), self, (x, debug, id) => x.VmSetShadowMultiplier(debug, id, multiplier, CancellationToken.None)).ConfigureAwait(false);
        await ChangeAsync(call, self, row => WithOverhead(row with { HVM_shadow_multiplier = multiplier })).ConfigureAwait(false);
    }

    /// <summary>Raises MEMORY_CONSTRAINT_VIOLATION, HOST_NOT_ENOUGH_FREE_MEMORY [needed; available] in KiB. Of a running VM more is promised
    /// before and less after the balloon has it, so that the host's memory is never promised twice.</summary>
    private async Task SetDynamicAsync(Call call, Ref<VM> self, Func<VM, VM> change)
    {
        VM before = await GetAsync(call, self).ConfigureAwait(false);
        if (before.power_state == vm_power_state.Halted)
        {
            await SetMemoryAsync(call, self, change).ConfigureAwait(false);
            return;
        }

        VM after = Constrained(change(before));
        long more = after.memory_dynamic_min - before.memory_dynamic_min;
        if (more > 0)
        {
            await AssertHostHasAsync(self, more, call.Cancellation).ConfigureAwait(false);
            await SetMemoryAsync(call, self, change).ConfigureAwait(false);
        }

        try
        {
            await RunAsync(Context(call), self, (x, debug, id) => x.VmSetMemoryDynamicRange(
                debug, id, after.memory_dynamic_min, after.memory_dynamic_max, CancellationToken.None)).ConfigureAwait(false);
        }
        catch (XenApiError) when (more > 0)
        {
            await database.Update(self, current => current with
            {
                memory_dynamic_min = before.memory_dynamic_min,
                memory_dynamic_max = before.memory_dynamic_max,
                memory_target = before.memory_target,
            }).ConfigureAwait(false);
            throw;
        }

        await SetMemoryAsync(call, self, change).ConfigureAwait(false);
    }

    private async ValueTask AssertHostHasAsync(Ref<VM> self, long more, CancellationToken cancel)
    {
        host row = await database.Get(identity.Localhost, cancel).ConfigureAwait(false);
        host_metrics metrics = await database.Get(row.metrics, cancel).ConfigureAwait(false);
        long free = HostMemory.Free(identity.Localhost, row, metrics, await database.GetAll<VM>(cancel).ConfigureAwait(false), self);
        if (more > free)
        {
            throw new XenApiError("HOST_NOT_ENOUGH_FREE_MEMORY",
                (more / 1024).ToString(CultureInfo.InvariantCulture), (free / 1024).ToString(CultureInfo.InvariantCulture));
        }
    }

    private static async ValueTask WaitAsync(Call call, TimeSpan time)
    {
        try
        {
            await Task.Delay(time, call.Cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            throw new XenApiError("TASK_CANCELLED", call.TaskRef);
        }
    }
}
