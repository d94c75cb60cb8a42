using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>A physical CPU, superseded by host.cpu_info.</summary>
[XenClass("host_cpu")]
public sealed partial record host_cpu : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.DynamicRO, Inverse = "host.host_CPUs")]
    public Ref<host> host { get; init; } = Ref<host>.Null;

    [Field(Qualifier.DynamicRO)]
    public long number { get; init; }

    [Field(Qualifier.DynamicRO)]
    public string vendor { get; init; } = "";

    [Field(Qualifier.DynamicRO)]
    public long speed { get; init; }

    [Field(Qualifier.DynamicRO)]
    public string modelname { get; init; } = "";

    [Field(Qualifier.DynamicRO)]
    public long family { get; init; }

    [Field(Qualifier.DynamicRO)]
    public long model { get; init; }

    [Field(Qualifier.DynamicRO)]
    public string stepping { get; init; } = "";

    [Field(Qualifier.DynamicRO)]
    public string flags { get; init; } = "";

    [Field(Qualifier.DynamicRO)]
    public string features { get; init; } = "";

    [Field(Qualifier.DynamicRO)]
    public double utilisation { get; init; }

    [Field(Qualifier.RW, HasDefault = true)]
    public ImmutableSortedDictionary<string, string> other_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
}
