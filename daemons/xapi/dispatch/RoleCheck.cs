using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Access;
using Toolstack.Xapi.Sessions;

namespace Toolstack.Xapi.Dispatch;

/// <summary>Who may call what: superusers everything, others the permissions that were put into their session at login.</summary>
internal static class RoleCheck
{
    /// <summary>Raises RBAC_PERMISSION_DENIED [permission; text].</summary>
    internal static void Assert(SessionInfo session, MessageEntry entry, ImmutableArray<Value> arguments)
    {
        if (session.IsSuperuser || session.IsPool || session.IsLocal)
        {
            return;
        }

        (string permission, ImmutableArray<Role> roles) = Permissions.Of(entry, arguments);
        if (!session.May(permission))
        {
            throw Permissions.Denied(permission, roles);
        }
    }
}
