using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;

namespace Toolstack.Xapi.Sessions;

/// <summary>What the checks of a call need to know of its session.</summary>
internal sealed record SessionInfo(
    Ref<session> Self, bool IsSuperuser, bool IsPool, string UserName, string UserSid, ImmutableArray<string> Permissions)
{
    /// <summary>For messages without a session.</summary>
    internal static SessionInfo None { get; } = new(Ref<session>.Null, false, false, "", "", []);
}
