using Toolstack.Idl;
using Toolstack.Xapi.Sessions;

namespace Toolstack.Xapi.Dispatch;

/// <summary>Who may call what: superusers everything, others the permissions that were put into their session at login.</summary>
internal static class RoleCheck
{
    /// <summary>Raises RBAC_PERMISSION_DENIED [permission; text].</summary>
    internal static void Assert(SessionInfo session, MessageEntry entry)
    {
        if (session.IsSuperuser || session.IsPool)
        {
            return;
        }

        string permission = entry.FullName.ToLowerInvariant();
        if (!session.Permissions.Contains(permission))
        {
            throw new XenApiError(
                "RBAC_PERMISSION_DENIED",
                permission,
                $"No permission in user session. (Roles with this permission: {string.Join(", ", Roles.Allowed(entry.Role, entry.Also).Select(Roles.Name))})");
        }
    }
}
