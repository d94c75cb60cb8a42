using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>A user or group of the external authentication service that may log in, with its roles.</summary>
[XenClass("subject", Constructor = true)]
public sealed partial record subject : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public string subject_identifier { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public ImmutableSortedDictionary<string, string> other_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public ImmutableArray<Ref<role>> roles { get; init; } = [new Ref<role>("OpaqueRef:0165f154-ba3e-034e-6b27-5d271af109ba")];
}

/// <summary>The explicit messages of subject, with the policy of each.</summary>
[MessagesOf(typeof(subject))]
public interface IsubjectMessages
{
    [Message(Role.ReadOnly)]
    Task<ImmutableArray<string>> get_permissions_name_label(Call call, Ref<subject> self);

    [Message(Role.PoolAdmin)]
    Task remove_from_roles(Call call, Ref<subject> self, Ref<role> role);

    [Message(Role.PoolAdmin)]
    Task add_to_roles(Call call, Ref<subject> self, Ref<role> role);
}
