using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>Looks up who the accounts of the external authentication service are; no rows of its own.</summary>
[XenClass("auth", InDatabase = false, ExposesAll = false, Persistent = false, Events = false)]
public sealed partial record auth : XenObject
{

}

/// <summary>The explicit messages of auth, with the policy of each.</summary>
[MessagesOf(typeof(auth))]
public interface IauthMessages
{
    [Message(Role.ReadOnly)]
    Task<ImmutableArray<string>> get_group_membership(Call call, string subject_identifier);

    [Message(Role.ReadOnly)]
    Task<ImmutableSortedDictionary<string, string>> get_subject_information_from_identifier(Call call, string subject_identifier);

    [Message(Role.ReadOnly)]
    Task<string> get_subject_identifier(Call call, string subject_name);
}
