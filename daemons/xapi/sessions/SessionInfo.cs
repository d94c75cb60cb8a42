using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;

namespace Toolstack.Xapi.Sessions;

/// <summary>What the checks of a call need to know of its session.</summary>
/// <param name="Permissions">Sorted, see <see cref="Access.RoleDirectory"/>; only of sessions that are not superuser's.</param>
/// <param name="IsLocal">It lives in this process, not in the pool's database.</param>
public sealed record SessionInfo(
    Ref<session> Self, bool IsSuperuser, bool IsPool, string UserName, string UserSid, ImmutableArray<string> Permissions, bool IsLocal = false)
{
    /// <summary>For messages without a session.</summary>
    internal static SessionInfo None { get; } = new(Ref<session>.Null, false, false, "", "", []);

    /// <summary>Whoever is on the other end of the Unix socket.</summary>
    internal static SessionInfo Root { get; } = new(Ref<session>.Null, true, false, "root", "", [], true);

    /// <summary>Another host of the pool, by the pool's secret.</summary>
    internal static SessionInfo Pool { get; } = new(Ref<session>.Null, true, true, "", "", []);

    /// <summary>Whether it may do what the permission names.</summary>
    internal bool May(string permission) =>
        IsSuperuser || IsPool || IsLocal || Permissions.BinarySearch(permission, StringComparer.Ordinal) >= 0;
}
