using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;

namespace Toolstack.Xapi.Access;

/// <summary>The messages of class auth. They ask the directory service, and a pool whose accounts are local has none.</summary>
internal sealed class AuthMessages : authMessages
{
    /// <summary>Raises AUTH_IS_DISABLED.</summary>
    public override Task<string> get_subject_identifier(Call call, string subject_name) => throw Disabled();

    /// <summary>Raises AUTH_IS_DISABLED.</summary>
    public override Task<ImmutableSortedDictionary<string, string>> get_subject_information_from_identifier(Call call, string subject_identifier) => throw Disabled();

    /// <summary>Raises AUTH_IS_DISABLED.</summary>
    public override Task<ImmutableArray<string>> get_group_membership(Call call, string subject_identifier) => throw Disabled();

    private static XenApiError Disabled() => new("AUTH_IS_DISABLED");
}
