using Toolstack.Idl;

namespace Toolstack.Xenopsd.Contract;

/// <summary>The record a backend keeps of a VM between its domains, and sends along in a migration (<see cref="Metadata.domains"/>).</summary>
[WireType]
public sealed record VmExtra
{
    public VmPersistent persistent { get; init; } = new();
}

/// <summary>What outlives a domain. <c>last_start_time</c> in seconds since 1970; <c>suspend_memory_bytes</c> is not 0 for a suspended VM.</summary>
[WireType]
public sealed record VmPersistent
{
    public long version { get; init; } = 2;
    public double last_start_time { get; init; } = 0;
    public bool nomigrate { get; init; } = false;
    public bool nested_virt { get; init; } = false;
    public long suspend_memory_bytes { get; init; } = 0;
    public bool pv_drivers_detected { get; init; } = false;
}
