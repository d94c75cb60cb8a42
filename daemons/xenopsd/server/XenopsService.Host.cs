using System.Collections.Immutable;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Server;

/// <summary>The host. What HOST.stat says is found out once.</summary>
public sealed partial class XenopsService
{
    private const int BytesPerMibShift = 20;

    private readonly Lazy<HostInfo> host = new(() => DescribeHost(engine));

    public Task<HostInfo> HostStat(string debug_info, CancellationToken cancel) => Task.FromResult(host.Value);

    public Task<long> HostGetTotalMemoryMib(string debug_info, CancellationToken cancel) =>
        Task.FromResult(engine.Backend.GetHostInfo().TotalMemoryBytes >> BytesPerMibShift);

    public Task<string> HostCombineCpuPolicies(string debug_info, string policy1, string policy2, CancellationToken cancel) =>
        Task.FromResult(CpuPolicy.Combine(policy1, policy2));

    public Task<bool> HostIsCompatible(string debug_info, string vm_policy, string host_policy, CancellationToken cancel) =>
        Task.FromResult(CpuPolicy.IsCompatible(vm_policy, host_policy));

    public Task<string> HostGetConsoleData(string debug_info, CancellationToken cancel) => engine.Backend.Devices.ReadConsoleAsync(cancel);

    public Task HostSendDebugKeys(string debug_info, string debug_keys, CancellationToken cancel) => engine.Backend.Devices.SendDebugKeysAsync(debug_keys, cancel);

    public Task HostSetWorkerPoolSize(string debug_info, long pool_size, CancellationToken cancel)
    {
        engine.Scheduler.Resize(pool_size);
        return Task.CompletedTask;
    }

    public Task HostUpdateGuestAgentFeatures(string debug_info, ImmutableArray<GuestAgentFeature> features, CancellationToken cancel) =>
        engine.Backend.Devices.UpdateGuestAgentFeaturesAsync(features, cancel);

    public Task HostSetNumaAffinityPolicy(string debug_info, NumaAffinityPolicy? numa_affinity_policy, CancellationToken cancel) =>
        engine.Backend.Devices.SetNumaPolicyAsync(numa_affinity_policy, cancel);

    private static HostInfo DescribeHost(Engine engine)
    {
        var info = engine.Backend.GetHostInfo();
        var seen = CpuDescription.Read(info.CpuCount);
        return new HostInfo
        {
            cpu_info = seen with
            {
                socket_count = info.Sockets > 0 ? info.Sockets : seen.socket_count,
                threads_per_core = info.ThreadsPerCore,
                nr_nodes = info.Nodes,
                features = info.Features?.Host ?? "",
                features_pv = info.Features?.PvMax ?? "",
                features_hvm = info.Features?.HvmMax ?? "",
                features_pv_host = info.Features?.PvDefault ?? "",
                features_hvm_host = info.Features?.HvmDefault ?? "",
            },
            hypervisor = new HypervisorInfo { version = info.Version, capabilities = info.Capabilities },
            chipset_info = new ChipsetInfo { iommu = info.Iommu, hvm = info.Capabilities.Contains("hvm", StringComparison.Ordinal) },
        };
    }
}
