using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.XenSimulator.Contract;

/// <summary>The simulated machine; memory in bytes.</summary>
[WireType]
public sealed record MachineInfo
{
    public required long cpus { get; init; }
    public required long total_memory { get; init; }
    public required long free_memory { get; init; }
    public required string capabilities { get; init; }
    public required string xenstore_path { get; init; }
    public required long pid { get; init; }

    /// <summary>CPU features: words of Xen's featuresets, hexadecimal and joined by dashes.</summary>
    public string cpu_features { get; init; } = "";
}

/// <summary>One domain. Memory in bytes, <c>handle</c> a UUID as text; <c>shutdown_code</c> is null while it runs.</summary>
[WireType]
public sealed record DomainInfo
{
    public required long domid { get; init; }
    public required string handle { get; init; }
    public bool paused { get; init; } = false;
    public bool dying { get; init; } = false;
    public long? shutdown_code { get; init; }
    public required long memory { get; init; }
    public required long max_memory { get; init; }
    public required long vcpus { get; init; }
    public long cpu_time_ns { get; init; } = 0;
}

/// <summary>What a domain is made from. <c>platform</c> carries <see cref="GuestKeys"/>; <c>memory_max</c> is the most its guest may ever have, in
/// bytes: a guest that ballooned has frames up to there when it arrives.</summary>
[WireType]
public sealed record NewDomainInfo
{
    public required string handle { get; init; }
    public required long max_vcpus { get; init; }
    public long memory_max { get; init; } = 0;
    public bool pci { get; init; } = false;
    public ImmutableSortedDictionary<string, string> platform { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
}

/// <summary>What is loaded into a domain; memory in bytes.</summary>
[WireType]
public sealed record GuestImageInfo
{
    public required string kernel { get; init; }
    public string command_line { get; init; } = "";
    public required long memory_max { get; init; }
    public required long memory_target { get; init; }
    public required long store_port { get; init; }
    public required long console_port { get; init; }
    public required long vcpus { get; init; }
}

/// <summary>Frames of the rings through which a guest reaches xenstore and its console.</summary>
[WireType]
public sealed record RingFrames
{
    public required long store { get; init; }
    public required long console { get; init; }
}

/// <summary>The state of a suspended guest beside its memory: one text (hexadecimal) for each vCPU, the frames it has, its rings and
/// its clock.</summary>
[WireType]
public sealed record GuestContext
{
    public required ImmutableArray<string> vcpus { get; init; }
    public required long pages { get; init; }
    public required RingFrames rings { get; init; }
    public required long nanoseconds { get; init; }
    public required long incarnation { get; init; }
}

/// <summary>A domain's share of a graphics card and what it holds, in hexadecimal.</summary>
[WireType]
public sealed record VgpuInfo
{
    public required string device { get; init; }
    public required string state { get; init; }
}
