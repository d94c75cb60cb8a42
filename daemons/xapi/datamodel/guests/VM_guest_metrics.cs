using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>What the agent inside a guest reports.</summary>
[XenClass("VM_guest_metrics")]
public sealed partial record VM_guest_metrics : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.DynamicRO)]
    public ImmutableSortedDictionary<string, string> os_version { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO)]
    public ImmutableSortedDictionary<string, string> PV_drivers_version { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO)]
    public bool PV_drivers_up_to_date { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true, Removed = true)]
    public ImmutableSortedDictionary<string, string> memory { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO, HasDefault = true, Removed = true)]
    public ImmutableSortedDictionary<string, string> disks { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO)]
    public ImmutableSortedDictionary<string, string> networks { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO)]
    public ImmutableSortedDictionary<string, string> other { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO)]
    public DateTimeOffset last_updated { get; init; } = DateTimeOffset.UnixEpoch;

    [Field(Qualifier.RW, HasDefault = true, Writer = Role.VmAdmin)]
    public ImmutableSortedDictionary<string, string> other_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public bool live { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public tristate_type can_use_hotplug_vbd { get; init; } = tristate_type.unspecified;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public tristate_type can_use_hotplug_vif { get; init; } = tristate_type.unspecified;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public bool PV_drivers_detected { get; init; }
}

/// <summary>Yes, no, or not known.</summary>
[WireType]
public enum tristate_type
{
    yes,
    no,
    unspecified,
}
