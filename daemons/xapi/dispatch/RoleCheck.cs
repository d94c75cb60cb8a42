using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Sessions;

namespace Toolstack.Xapi.Dispatch;

/// <summary>Who may call what: superusers everything, others the permissions that were put into their session at login.</summary>
internal static class RoleCheck
{
    private static readonly (Role Role, string Name)[] StrongestFirst =
    [
        (Role.PoolAdmin, "pool-admin"), (Role.PoolOperator, "pool-operator"), (Role.VmPowerAdmin, "vm-power-admin"), (Role.VmAdmin, "vm-admin"),
        (Role.VmOperator, "vm-operator"), (Role.ClientCert, "client-cert"), (Role.ReadOnly, "read-only"),
    ];

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
                $"No permission in user session. (Roles with this permission: {string.Join(", ", Names(entry.Role, entry.Also))})");
        }
    }

    /// <summary>The names of the roles open to a message, strongest first.</summary>
    internal static IEnumerable<string> Names(Role least, ImmutableArray<Role> also) =>
        StrongestFirst.Where(r => r.Role >= least || also.Contains(r.Role)).Select(static r => r.Name);
}
