using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Hosts;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xapi.VirtualMachines;

/// <summary>What is measured of a running VM: its memory, as xenopsd reports it. Nothing is archived.</summary>
internal sealed partial class VmOperations
{
    private const double KibibyteBytes = 1024;

    public override async Task<MessageResult> get_data_sources(Call call, Ref<VM> self) =>
        DataSources.Result(await SourcesAsync(call, self).ConfigureAwait(false));

    /// <summary>Raises INVALID_VALUE [data_source; name] for one that the VM does not have.</summary>
    public override async Task<double> query_data_source(Call call, Ref<VM> self, string data_source) =>
        DataSources.Value(await SourcesAsync(call, self).ConfigureAwait(false), data_source);

    private async Task<IReadOnlyList<data_source>> SourcesAsync(Call call, Ref<VM> self)
    {
        VM row = await GetAsync(call, self).ConfigureAwait(false);
        (_, VmState state) = await xenops.AskAsync(
            Context(call), self, row.uuid, (x, debug) => x.VmStat(debug, row.uuid, call.Cancellation)).ConfigureAwait(false);
        return
        [
            DataSources.Make("memory", "Memory that the domain has", "B", row.memory_static_max, state.memory_actual),
            DataSources.Make("memory_target", "Memory that the domain is to have", "B", row.memory_static_max, state.memory_target),
            DataSources.Make("memory_limit_kib", "Memory that the domain may have at most", "KiB", row.memory_static_max / KibibyteBytes, state.memory_limit / KibibyteBytes),
            DataSources.Make("vcpus", "Virtual CPUs in use", "", row.VCPUs_max, state.vcpu_target),
        ];
    }
}
