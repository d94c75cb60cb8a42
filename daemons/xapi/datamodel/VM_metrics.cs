using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>What a running VM uses, as its host last reported it.</summary>
[XenClass("VM_metrics")]
public sealed partial record VM_metrics : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.DynamicRO, Column = "memory__actual", Persistent = false)]
    public long memory_actual { get; init; }

    [Field(Qualifier.DynamicRO, Column = "VCPUs__number", Persistent = false)]
    public long VCPUs_number { get; init; }

    [Field(Qualifier.DynamicRO, Column = "VCPUs__utilisation", Persistent = false, HasDefault = true, Removed = true)]
    public ImmutableSortedDictionary<long, double> VCPUs_utilisation { get; init; } = ImmutableSortedDictionary<long, double>.Empty;

    [Field(Qualifier.DynamicRO, Column = "VCPUs__CPU", Persistent = false)]
    public ImmutableSortedDictionary<long, long> VCPUs_CPU { get; init; } = ImmutableSortedDictionary<long, long>.Empty;

    [Field(Qualifier.DynamicRO, Column = "VCPUs__params", Persistent = false)]
    public ImmutableSortedDictionary<string, string> VCPUs_params { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO, Column = "VCPUs__flags", Persistent = false)]
    public ImmutableSortedDictionary<long, ImmutableArray<string>> VCPUs_flags { get; init; } = ImmutableSortedDictionary<long, ImmutableArray<string>>.Empty;

    [Field(Qualifier.DynamicRO, Persistent = false)]
    public ImmutableArray<string> state { get; init; } = [];

    [Field(Qualifier.DynamicRO)]
    public DateTimeOffset start_time { get; init; } = DateTimeOffset.UnixEpoch;

    [Field(Qualifier.DynamicRO)]
    public DateTimeOffset install_time { get; init; } = DateTimeOffset.UnixEpoch;

    [Field(Qualifier.DynamicRO, Persistent = false)]
    public DateTimeOffset last_updated { get; init; } = DateTimeOffset.UnixEpoch;

    [Field(Qualifier.RW, HasDefault = true, Writer = Role.VmAdmin)]
    public ImmutableSortedDictionary<string, string> other_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public bool hvm { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public bool nested_virt { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public bool nomigrate { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public domain_type current_domain_type { get; init; } = domain_type.unspecified;
}
