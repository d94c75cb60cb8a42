using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>A role or a permission: roles hold permissions as subroles. The set is fixed, so rows are made at every start and never stored.</summary>
[XenClass("role", Persistent = false)]
public sealed partial record role : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.StaticRO, Column = "name__label", HasDefault = true)]
    public string name_label { get; init; } = "";

    [Field(Qualifier.StaticRO, Column = "name__description", HasDefault = true)]
    public string name_description { get; init; } = "";

    [Field(Qualifier.StaticRO, HasDefault = true)]
    public ImmutableArray<Ref<role>> subroles { get; init; } = [];

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public bool is_internal { get; init; }
}

/// <summary>The explicit messages of role, with the policy of each.</summary>
[MessagesOf(typeof(role))]
public interface IroleMessages
{
    [Message(Role.ReadOnly)]
    Task<ImmutableArray<Ref<role>>> get_by_permission_name_label(Call call, string label);

    [Message(Role.ReadOnly)]
    Task<ImmutableArray<Ref<role>>> get_by_permission(Call call, Ref<role> permission);

    [Message(Role.ReadOnly)]
    Task<ImmutableArray<string>> get_permissions_name_label(Call call, Ref<role> self);

    [Message(Role.ReadOnly)]
    Task<ImmutableArray<Ref<role>>> get_permissions(Call call, Ref<role> self);
}
