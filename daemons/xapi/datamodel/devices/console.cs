using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>Where the console of a VM is reached.</summary>
[XenClass("console", Constructor = true, ConstructorRole = Role.VmAdmin)]
public sealed partial record console : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.DynamicRO)]
    public console_protocol protocol { get; init; }

    [Field(Qualifier.DynamicRO)]
    public string location { get; init; } = "";

    [Field(Qualifier.DynamicRO, Inverse = "VM.consoles")]
    public Ref<VM> VM { get; init; } = Ref<VM>.Null;

    [Field(Qualifier.RW, Writer = Role.VmAdmin)]
    public ImmutableSortedDictionary<string, string> other_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO, HasDefault = true, Internal = true)]
    public long port { get; init; }
}

/// <summary>What a console speaks.</summary>
[WireType]
public enum console_protocol
{
    vt100,
    rfb,
    rdp,
}
