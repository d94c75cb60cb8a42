using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>How to reach a VDI over NBD on one host; a value, no rows.</summary>
[XenClass("vdi_nbd_server_info", InDatabase = false, ExposesAll = false, Persistent = false, Events = false)]
public sealed partial record vdi_nbd_server_info : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string exportname { get; init; } = "";

    [Field(Qualifier.DynamicRO)]
    public string address { get; init; } = "";

    [Field(Qualifier.DynamicRO)]
    public long port { get; init; }

    [Field(Qualifier.DynamicRO)]
    public string cert { get; init; } = "";

    [Field(Qualifier.DynamicRO)]
    public string subject { get; init; } = "";
}
