using System.Collections.Frozen;

namespace Toolstack.Xapi.Dispatch;

/// <summary>What a host answers itself even when it has no coordinator: what helps it out of that, and what is asked of it then. A member
/// passes on what else comes over its Unix socket, apart from logins.</summary>
internal static class EmergencyCalls
{
    private static readonly FrozenSet<string> Names = FrozenSet.Create(StringComparer.Ordinal,
        "pool.emergency_reset_master", "pool.emergency_transition_to_master", "pool.is_slave",
        "session.slave_local_login", "session.slave_local_login_with_password", "session.local_logout",
        "host.propose_new_master", "host.commit_new_master", "host.abort_new_master", "host.local_assert_healthy",
        "host.signal_networking_change", "host.local_management_reconfigure", "host.ha_xapi_healthcheck", "host.emergency_ha_disable",
        "host.management_disable", "host.get_system_status_capabilities", "host.is_in_emergency_mode", "host.shutdown_agent",
        "host.emergency_reset_server_certificate", "host.emergency_disable_tls_verification", "host.emergency_reenable_tls_verification",
        "host.emergency_clear_mandatory_guidance", "host.update_firewalld_service_status");

    private static readonly FrozenSet<string> Logins = FrozenSet.Create(StringComparer.Ordinal, "session.login_with_password", "session.slave_login");

    /// <summary>Whether the message is answered in emergency mode. The hosts of a pool log in to each other before they are in it.</summary>
    internal static bool Contains(string name) => Names.Contains(name) || name == "session.slave_login";

    /// <summary>Whether a member answers the message itself when it came over its Unix socket.</summary>
    internal static bool NeverPassedOn(string name) => Names.Contains(name) || Logins.Contains(name);
}
