using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>What changes all the time about a host: its memory and whether it is seen alive. Kept in memory only.</summary>
[XenClass("host_metrics")]
public sealed partial record host_metrics : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.DynamicRO, Column = "memory__total", Persistent = false)]
    public long memory_total { get; init; }

    [Field(Qualifier.DynamicRO, Column = "memory__free", Persistent = false, HasDefault = true, Removed = true)]
    public long memory_free { get; init; }

    [Field(Qualifier.DynamicRO, Persistent = false)]
    public bool live { get; init; }

    [Field(Qualifier.DynamicRO, Persistent = false)]
    public DateTimeOffset last_updated { get; init; } = DateTimeOffset.UnixEpoch;

    [Field(Qualifier.RW, HasDefault = true)]
    public ImmutableSortedDictionary<string, string> other_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
}
