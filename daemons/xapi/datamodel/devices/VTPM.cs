using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>A virtual TPM of a VM.</summary>
[XenClass("VTPM")]
public sealed partial record VTPM : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.DynamicRO, Persistent = false, HasDefault = true)]
    public ImmutableArray<vtpm_operations> allowed_operations { get; init; } = [];

    [Field(Qualifier.DynamicRO, Persistent = false, HasDefault = true)]
    public ImmutableSortedDictionary<string, vtpm_operations> current_operations { get; init; } = ImmutableSortedDictionary<string, vtpm_operations>.Empty;

    [Field(Qualifier.StaticRO, Inverse = "VM.VTPMs")]
    public Ref<VM> VM { get; init; } = Ref<VM>.Null;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public Ref<VM> backend { get; init; } = Ref<VM>.Null;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public persistence_backend persistence_backend { get; init; }

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public bool is_unique { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public bool is_protected { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true, Internal = true)]
    public Ref<secret> contents { get; init; } = Ref<secret>.Null;
}

/// <summary>Operations of a VTPM.</summary>
[WireType]
public enum vtpm_operations
{
    destroy,
}

/// <summary>Where the contents of a VTPM are kept.</summary>
[WireType]
public enum persistence_backend
{
    xapi,
}

/// <summary>The explicit messages of VTPM, with the policy of each.</summary>
[MessagesOf(typeof(VTPM))]
public interface IVTPMMessages
{
    [Message(Role.VmAdmin, Async = true), Locks("destroy")]
    Task destroy(Call call, Ref<VTPM> self);

    [Message(Role.VmAdmin, Async = true)]
    Task<Ref<VTPM>> create(Call call, Ref<VM> vM, bool is_unique);
}
