using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xenopsd.Contract;

[WireType]
public enum PowerState { Running, Halted, Suspended, Paused }

[WireType]
public enum DomainType { Domain_HVM, Domain_PV, Domain_PVinPVH, Domain_PVH, Domain_undefined }

[WireType]
public enum ConsoleProtocol { Rfb, Vt100 }

[WireType]
public sealed record VmConsole
{
    public ConsoleProtocol protocol { get; init; }
    public long port { get; init; }
    public string path { get; init; } = "";
}

/// <summary>What is observed of a VM (xenops protocol, <c>Vm.state</c>). Memory in bytes, times in seconds since 1970.
/// The defaults are those of a halted VM.</summary>
[WireType]
public sealed record VmState
{
    public PowerState power_state { get; init; } = PowerState.Halted;
    public ImmutableArray<long> domids { get; init; } = [];
    public ImmutableArray<VmConsole> consoles { get; init; } = [];
    public long memory_target { get; init; }
    public long memory_actual { get; init; }
    public long memory_limit { get; init; }
    public long vcpu_target { get; init; }
    public double shadow_multiplier_target { get; init; } = 1.0;
    public string rtc_timeoffset { get; init; } = "";
    public bool uncooperative_balloon_driver { get; init; }
    public ImmutableSortedDictionary<string, string> guest_agent { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
    public ImmutableSortedDictionary<string, string> xsdata_state { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
    public bool pv_drivers_detected { get; init; }
    public double last_start_time { get; init; }
    public bool hvm { get; init; }
    public bool nomigrate { get; init; }
    public bool nested_virt { get; init; }
    public DomainType domain_type { get; init; } = DomainType.Domain_undefined;
    public string featureset { get; init; } = "";
    public bool numa_optimised { get; init; }
    public long numa_nodes { get; init; }
    public ImmutableArray<(long node, long bytes)> numa_node_memory { get; init; } = [];
}
