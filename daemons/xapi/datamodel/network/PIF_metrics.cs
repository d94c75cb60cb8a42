using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>What a host reports of a PIF: carrier, speed, vendor.</summary>
[XenClass("PIF_metrics")]
public sealed partial record PIF_metrics : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.DynamicRO, Column = "io__read_kbs", Persistent = false, HasDefault = true, Removed = true)]
    public double io_read_kbs { get; init; }

    [Field(Qualifier.DynamicRO, Column = "io__write_kbs", Persistent = false, HasDefault = true, Removed = true)]
    public double io_write_kbs { get; init; }

    [Field(Qualifier.DynamicRO)]
    public bool carrier { get; init; }

    [Field(Qualifier.DynamicRO)]
    public string vendor_id { get; init; } = "";

    [Field(Qualifier.DynamicRO)]
    public string vendor_name { get; init; } = "";

    [Field(Qualifier.DynamicRO)]
    public string device_id { get; init; } = "";

    [Field(Qualifier.DynamicRO)]
    public string device_name { get; init; } = "";

    [Field(Qualifier.DynamicRO)]
    public long speed { get; init; }

    [Field(Qualifier.DynamicRO)]
    public bool duplex { get; init; }

    [Field(Qualifier.DynamicRO)]
    public string pci_bus_path { get; init; } = "";

    [Field(Qualifier.DynamicRO)]
    public DateTimeOffset last_updated { get; init; } = DateTimeOffset.UnixEpoch;

    [Field(Qualifier.RW, HasDefault = true)]
    public ImmutableSortedDictionary<string, string> other_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
}
