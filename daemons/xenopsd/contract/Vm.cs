using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xenopsd.Contract;

/// <summary>What to do when a domain stops by itself (xenops protocol).</summary>
[WireType]
public enum VmAction { Coredump, Shutdown, Start, Pause, Softreboot }

/// <summary>The static description of a VM (xenops protocol, <c>Vm.t</c>). Memory in bytes. <c>id</c> is the VM's uuid in lower case.</summary>
[WireType]
public sealed record Vm
{
    public required string id { get; init; }
    public string name { get; init; } = "unnamed";
    public long ssidref { get; init; }
    public ImmutableSortedDictionary<string, string> xsdata { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
    public ImmutableSortedDictionary<string, string> platformdata { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
    public ImmutableSortedDictionary<string, string> bios_strings { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
    public required BuilderInfo ty { get; init; }
    public bool suppress_spurious_page_faults { get; init; }
    public long? machine_address_size { get; init; }
    public required long memory_static_max { get; init; }
    public required long memory_dynamic_max { get; init; }
    public required long memory_dynamic_min { get; init; }
    /// <summary>The vCPUs the VM boots with at most; <see cref="vcpus"/> of them are on.</summary>
    public required long vcpu_max { get; init; }
    public required long vcpus { get; init; }
    public SchedulerParams scheduler_params { get; init; } = new();
    public ImmutableArray<VmAction> on_crash { get; init; } = [];
    public ImmutableArray<VmAction> on_shutdown { get; init; } = [];
    public ImmutableArray<VmAction> on_reboot { get; init; } = [];
    public ImmutableArray<VmAction> on_softreboot { get; init; } = [VmAction.Softreboot];
    public bool pci_msitranslate { get; init; }
    public bool pci_power_mgmt { get; init; }
    public bool has_vendor_device { get; init; } = false;
    public string? generation_id { get; init; }
}

/// <summary>Scheduling: credit weight and cap, and one list of physical CPUs per vCPU (the first is the template for missing ones).</summary>
[WireType]
public sealed record SchedulerParams
{
    public (long weight, long cap)? priority { get; init; }
    public ImmutableArray<ImmutableArray<long>> affinity { get; init; } = [];
}
