using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xenopsd.Contract;

/// <summary>The host as xenopsd sees it (xenops protocol, <c>Host.t</c>).</summary>
[WireType]
public sealed record HostInfo
{
    public CpuInfo cpu_info { get; init; } = new();
    public HypervisorInfo hypervisor { get; init; } = new();
    public ChipsetInfo chipset_info { get; init; } = new();
}

/// <summary>The CPUs. Features are CPU policies: words of eight hexadecimal digits joined by hyphens.</summary>
[WireType]
public sealed record CpuInfo
{
    public long cpu_count { get; init; }
    public long socket_count { get; init; }
    public long threads_per_core { get; init; }
    public long nr_nodes { get; init; }
    public string vendor { get; init; } = "";
    public string speed { get; init; } = "";
    public string modelname { get; init; } = "";
    public string family { get; init; } = "";
    public string model { get; init; } = "";
    public string stepping { get; init; } = "";
    public string flags { get; init; } = "";
    public string features { get; init; } = "";
    public string features_pv { get; init; } = "";
    public string features_hvm { get; init; } = "";
    public string features_pv_host { get; init; } = "";
    public string features_hvm_host { get; init; } = "";
}

[WireType]
public sealed record HypervisorInfo
{
    public string version { get; init; } = "";
    public string capabilities { get; init; } = "";
}

[WireType]
public sealed record ChipsetInfo
{
    public bool iommu { get; init; }
    public bool hvm { get; init; }
}

/// <summary>A feature offered to guest agents, written to xenstore for them.</summary>
[WireType]
public sealed record GuestAgentFeature
{
    public required string name { get; init; }
    public bool licensed { get; init; }
    public ImmutableSortedDictionary<string, string> parameters { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
}

/// <summary>How guests are placed on NUMA nodes.</summary>
[WireType]
public enum NumaAffinityPolicy { Any, Best_effort, Best_effort_hard, Prio_mem_only }
