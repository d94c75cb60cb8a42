using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>A PCI device of a host.</summary>
[XenClass("PCI")]
public sealed partial record PCI : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public string class_name { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public string vendor_name { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public string device_name { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true, Inverse = "host.PCIs")]
    public Ref<host> host { get; init; } = Ref<host>.Null;

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public string pci_id { get; init; } = "";

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<PCI>> dependencies { get; init; } = [];

    [Field(Qualifier.RW, HasDefault = true)]
    public ImmutableSortedDictionary<string, string> other_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public string subsystem_vendor_name { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public string subsystem_device_name { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public string driver_name { get; init; } = "";

    [Field(Qualifier.DynamicRO, HasDefault = true, Internal = true)]
    public long functions { get; init; } = 1;

    [Field(Qualifier.DynamicRO, Internal = true)]
    public ImmutableArray<Ref<PCI>> virtual_functions { get; init; } = [];

    [Field(Qualifier.DynamicRO, HasDefault = true, Internal = true, Inverse = "PCI.virtual_functions")]
    public Ref<PCI> physical_function { get; init; } = Ref<PCI>.Null;

    [Field(Qualifier.DynamicRO, Internal = true, Peer = "VM.attached_PCIs")]
    public ImmutableArray<Ref<VM>> attached_VMs { get; init; } = [];

    [Field(Qualifier.DynamicRO, HasDefault = true, Internal = true)]
    public Ref<VM> scheduled_to_be_attached_to { get; init; } = Ref<VM>.Null;
}
