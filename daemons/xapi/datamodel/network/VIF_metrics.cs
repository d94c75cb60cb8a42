using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>Rates of a VIF, superseded by data sources. Not kept over a restart.</summary>
[XenClass("VIF_metrics", Persistent = false, Removed = true)]
public sealed partial record VIF_metrics : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.DynamicRO, Column = "io__read_kbs", HasDefault = true, Removed = true)]
    public double io_read_kbs { get; init; }

    [Field(Qualifier.DynamicRO, Column = "io__write_kbs", HasDefault = true, Removed = true)]
    public double io_write_kbs { get; init; }

    [Field(Qualifier.DynamicRO)]
    public DateTimeOffset last_updated { get; init; } = DateTimeOffset.UnixEpoch;

    [Field(Qualifier.RW, HasDefault = true, Writer = Role.VmAdmin)]
    public ImmutableSortedDictionary<string, string> other_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
}
