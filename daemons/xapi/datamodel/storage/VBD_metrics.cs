using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>Rates of a VBD, superseded by data sources. Not kept over a restart.</summary>
[XenClass("VBD_metrics", Persistent = false, Removed = true)]
public sealed partial record VBD_metrics : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.DynamicRO, Column = "io__read_kbs", HasDefault = true, Removed = true)]
    public double io_read_kbs { get; init; }

    [Field(Qualifier.DynamicRO, Column = "io__write_kbs", HasDefault = true, Removed = true)]
    public double io_write_kbs { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true, Removed = true)]
    public DateTimeOffset last_updated { get; init; } = DateTimeOffset.UnixEpoch;

    [Field(Qualifier.RW, HasDefault = true, Writer = Role.VmAdmin, Removed = true)]
    public ImmutableSortedDictionary<string, string> other_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
}
