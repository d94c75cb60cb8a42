using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>A dump that a VM left behind when it crashed.</summary>
[XenClass("crashdump")]
public sealed partial record crashdump : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.StaticRO, Inverse = "VM.crash_dumps")]
    public Ref<VM> VM { get; init; } = Ref<VM>.Null;

    [Field(Qualifier.StaticRO, Inverse = "VDI.crash_dumps")]
    public Ref<VDI> VDI { get; init; } = Ref<VDI>.Null;

    [Field(Qualifier.RW, HasDefault = true)]
    public ImmutableSortedDictionary<string, string> other_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
}

/// <summary>The explicit messages of crashdump, with the policy of each.</summary>
[MessagesOf(typeof(crashdump))]
public interface IcrashdumpMessages
{
    [Message(Role.PoolOperator, Async = true)]
    Task destroy(Call call, Ref<crashdump> self);
}
