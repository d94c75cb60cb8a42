using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xenopsd.Contract;

/// <summary>The record a backend keeps of a VM between its domains, and sends along in a migration (<see cref="Metadata.domains"/>).</summary>
[WireType]
public sealed record VmExtra
{
    public VmPersistent persistent { get; init; } = new() { version = VmPersistent.CurrentVersion };
}

/// <summary>What outlives a domain. <c>last_start_time</c> in seconds since 1970; <c>suspend_memory_bytes</c> is not 0 for a suspended VM.
/// What only an emulator's driver understands is kept as it came.</summary>
[WireType]
public sealed record VmPersistent
{
    public const long CurrentVersion = 2;

    /// <summary>0 for a record that names none: it was written before records had versions.</summary>
    public long version { get; init; } = 0;
    public BuildInfo? build_info { get; init; }
    public BuilderInfo? ty { get; init; }
    public double last_start_time { get; init; } = 0;
    public DomainConfiguration? domain_config { get; init; }
    public bool nomigrate { get; init; } = false;
    public bool nested_virt { get; init; } = false;
    public string? profile { get; init; }
    public string? original_profile { get; init; }
    public long suspend_memory_bytes { get; init; } = 0;
    public ImmutableArray<Value> qemu_vbds { get; init; } = [];
    public ImmutableArray<Value> qemu_vifs { get; init; } = [];
    public bool pci_msitranslate { get; init; } = false;
    public bool pci_power_mgmt { get; init; } = false;
    public bool pv_drivers_detected { get; init; } = false;
    public (long id, long revision)? xen_platform { get; init; }
    public ImmutableSortedDictionary<string, string> platformdata { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
    public ImmutableArray<Value> attached_vdis { get; init; } = [];
}

/// <summary>What the domain was built from; memory in KiB.</summary>
[WireType]
public sealed record BuildInfo
{
    public long memory_max { get; init; }
    public long memory_target { get; init; }
    public long? memory_total_source { get; init; }
    public string kernel { get; init; } = "";
    public long vcpus { get; init; }
    public required BuildSpec priv { get; init; }
    public ImmutableArray<ImmutableArray<long>> hard_affinity { get; init; } = [];
}

/// <summary>The part of <see cref="BuildInfo"/> that depends on the kind of domain.</summary>
[WireVariant]
public abstract record BuildSpec
{
    private BuildSpec() { }

    public sealed record BuildHVM(HvmBuild info) : BuildSpec;
    public sealed record BuildPV(PvBuild info) : BuildSpec;
    public sealed record BuildPVH(PvhBuild info) : BuildSpec;
}

[WireType]
public sealed record HvmBuild
{
    public double shadow_multiplier { get; init; } = 1.0;
    public long video_mib { get; init; } = 4;
}

[WireType]
public sealed record PvBuild
{
    public string cmdline { get; init; } = "";
    public string? ramdisk { get; init; }
}

[WireType]
public sealed record PvhBuild
{
    public string cmdline { get; init; } = "";
    public bool pv_shim { get; init; } = true;
    public ImmutableArray<(string path, string? cmdline)> modules { get; init; } = [];
    public double shadow_multiplier { get; init; } = 1.0;
    public long video_mib { get; init; } = 4;
}

/// <summary>What of the machine Xen emulates for the domain, by Xen's names of the flags.</summary>
[WireVariant]
public abstract record DomainConfiguration
{
    private DomainConfiguration() { }

    public sealed record X86(X86Configuration info) : DomainConfiguration;
}

[WireType]
public sealed record X86Configuration
{
    public ImmutableArray<string> emulation_flags { get; init; } = [];
    public ImmutableArray<string> misc_flags { get; init; } = [];
}
