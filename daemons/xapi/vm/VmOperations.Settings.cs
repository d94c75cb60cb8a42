using System.Globalization;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Placement;

namespace Toolstack.Xapi.VirtualMachines;

/// <summary>Memory, vCPUs and the settings that depend on others. Memory in bytes.</summary>
internal sealed partial class VmOperations
{
    public override Task set_memory_static_range(Call call, Ref<VM> self, long min, long max) =>
        SetMemoryAsync(call, self, row => row with { memory_static_min = min, memory_static_max = max });

    public override Task set_memory_static_min(Call call, Ref<VM> self, long value) =>
        SetMemoryAsync(call, self, row => row with { memory_static_min = value });

    public override Task set_memory_static_max(Call call, Ref<VM> self, long value) =>
        SetMemoryAsync(call, self, row => row with { memory_static_max = value });

    public override Task set_memory_limits(Call call, Ref<VM> self, long static_min, long static_max, long dynamic_min, long dynamic_max) =>
        SetMemoryAsync(call, self, row => row with
        {
            memory_static_min = static_min,
            memory_static_max = static_max,
            memory_dynamic_min = dynamic_min,
            memory_dynamic_max = dynamic_max,
            memory_target = dynamic_max,
        });

    public override Task set_memory(Call call, Ref<VM> self, long value) =>
        SetMemoryAsync(call, self, row => row with
        {
            memory_static_max = value,
            memory_dynamic_min = value,
            memory_dynamic_max = value,
            memory_target = value,
        });

    public override async Task<long> compute_memory_overhead(Call call, Ref<VM> vm) =>
        VmRows.Memory(await GetAsync(call, vm).ConfigureAwait(false)).OverheadBytes;

    public override Task set_VCPUs_max(Call call, Ref<VM> self, long value) =>
        SetVcpusAsync(call, self, row => row with { VCPUs_max = value });

    public override Task set_VCPUs_at_startup(Call call, Ref<VM> self, long value) =>
        SetVcpusAsync(call, self, row => row with { VCPUs_at_startup = value });

    public override async Task set_HVM_shadow_multiplier(Call call, Ref<VM> self, double value)
    {
        if (!(value >= 1))
        {
            throw new XenApiError("INVALID_VALUE", "HVM_shadow_multiplier", value.ToString(CultureInfo.InvariantCulture));
        }

        await ChangeAsync(call, self, row => WithOverhead(row with { HVM_shadow_multiplier = value })).ConfigureAwait(false);
    }

    public override async Task set_HVM_boot_policy(Call call, Ref<VM> self, string value) =>
        await ChangeAsync(call, self, row => row with
        {
            HVM_boot_policy = value,
            domain_type = value.Length > 0 ? domain_type.hvm : domain_type.pv,
        }).ConfigureAwait(false);

    public override async Task set_domain_type(Call call, Ref<VM> self, domain_type value) =>
        await ChangeAsync(call, self, row => WithOverhead(row with { domain_type = value })).ConfigureAwait(false);

    public override async Task set_actions_after_crash(Call call, Ref<VM> self, on_crash_behaviour value) =>
        await ChangeAsync(call, self, row => row with { actions_after_crash = value }).ConfigureAwait(false);

    public override async Task set_order(Call call, Ref<VM> self, long value) =>
        await ChangeAsync(call, self, row => row with { order = NotNegative("order", value) }).ConfigureAwait(false);

    public override async Task set_start_delay(Call call, Ref<VM> self, long value) =>
        await ChangeAsync(call, self, row => row with { start_delay = NotNegative("start_delay", value) }).ConfigureAwait(false);

    public override async Task set_shutdown_delay(Call call, Ref<VM> self, long value) =>
        await ChangeAsync(call, self, row => row with { shutdown_delay = NotNegative("shutdown_delay", value) }).ConfigureAwait(false);

    /// <summary>Raises MEMORY_CONSTRAINT_VIOLATION.</summary>
    private async Task SetMemoryAsync(Call call, Ref<VM> self, Func<VM, VM> change) =>
        await ChangeAsync(call, self, row => WithOverhead(Constrained(change(row)))).ConfigureAwait(false);

    private static VM Constrained(VM row) => row.memory_static_min >= 0
        && MemoryLimits.Valid(row.memory_static_min, row.memory_dynamic_min, row.memory_dynamic_max, row.memory_static_max)
            ? row
            : throw new XenApiError("MEMORY_CONSTRAINT_VIOLATION");

    private async Task SetVcpusAsync(Call call, Ref<VM> self, Func<VM, VM> change) =>
        await ChangeAsync(call, self, row =>
        {
            VM changed = change(row);
            return BootCheck.Processors(changed) is { } invalid ? throw invalid : WithOverhead(changed);
        }).ConfigureAwait(false);

    private static VM WithOverhead(VM row) => row with { memory_overhead = VmRows.Memory(row).OverheadBytes };

    private static long NotNegative(string field, long value) =>
        value >= 0 ? value : throw new XenApiError("INVALID_VALUE", field, value.ToString(CultureInfo.InvariantCulture));
}
