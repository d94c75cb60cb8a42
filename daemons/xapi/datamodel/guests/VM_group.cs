using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>VMs that are placed with regard to each other.</summary>
[XenClass("VM_group", Constructor = true, ConstructorRole = Role.VmAdmin)]
public sealed partial record VM_group : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.RW, Column = "name__label", HasDefault = true, Writer = Role.VmAdmin)]
    public string name_label { get; init; } = "";

    [Field(Qualifier.RW, Column = "name__description", HasDefault = true, Writer = Role.VmAdmin)]
    public string name_description { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public placement_policy placement { get; init; }

    [Field(Qualifier.DynamicRO, Peer = "VM.groups")]
    public ImmutableArray<Ref<VM>> VMs { get; init; } = [];
}

/// <summary>How the VMs of a group are spread over the hosts.</summary>
[WireType]
public enum placement_policy
{
    normal,
    anti_affinity,
}
