using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>The explicit messages of pool, with the policy of each.</summary>
[MessagesOf(typeof(pool))]
public interface IpoolMessages
{
    [Message(Role.PoolOperator)]
    Task set_ext_auth_max_threads(Call call, Ref<pool> self, long value);

    [Message(Role.PoolOperator)]
    Task set_local_auth_max_threads(Call call, Ref<pool> self, long value);

    [Message(Role.PoolOperator)]
    Task set_update_sync_enabled(Call call, Ref<pool> self, bool value);

    [Message(Role.PoolOperator, Async = true)]
    Task configure_update_sync(Call call, Ref<pool> self, update_sync_frequency update_sync_frequency, long update_sync_day);

    [Message(Role.PoolAdmin, Async = true)]
    Task reset_telemetry_uuid(Call call, Ref<pool> self);

    [Message(Role.PoolAdmin)]
    Task set_telemetry_next_collection(Call call, Ref<pool> self, DateTimeOffset value);

    [Message(Role.PoolOperator, Async = true)]
    Task set_https_only(Call call, Ref<pool> self, bool value);

    [Message(Role.PoolAdmin)]
    Task set_custom_uefi_certificates(Call call, Ref<pool> self, string value);

    [Message(Role.PoolAdmin)]
    Task set_uefi_certificates(Call call, Ref<pool> self, string value);

    [Message(Role.PoolOperator, Async = true, Also = [Role.ClientCert])]
    Task disable_repository_proxy(Call call, Ref<pool> self);

    [Message(Role.PoolOperator, Async = true, Secret = true, Also = [Role.ClientCert])]
    Task configure_repository_proxy(Call call, Ref<pool> self, string url, string username, string password);

    [Message(Role.PoolOperator, Async = true, Also = [Role.ClientCert])]
    Task disable_client_certificate_auth(Call call, Ref<pool> self);

    [Message(Role.PoolOperator, Async = true, Also = [Role.ClientCert])]
    Task enable_client_certificate_auth(Call call, Ref<pool> self, string name);

    [Message(Role.PoolOperator, Async = true, Also = [Role.ClientCert])]
    Task<ImmutableArray<ImmutableArray<string>>> check_update_readiness(Call call, Ref<pool> self, bool requires_reboot);

    [Message(Role.PoolOperator, Async = true, Secret = true, Also = [Role.ClientCert])]
    Task<string> sync_updates(
        Call call, Ref<pool> self, bool force, string token = "", string token_id = "", string username = "", string password = "");

    [Message(Role.PoolOperator, Async = true, Also = [Role.ClientCert])]
    Task remove_repository(Call call, Ref<pool> self, Ref<Repository> value);

    [Message(Role.PoolOperator, Async = true, Also = [Role.ClientCert])]
    Task add_repository(Call call, Ref<pool> self, Ref<Repository> value);

    [Message(Role.PoolOperator, Also = [Role.ClientCert])]
    Task set_repositories(Call call, Ref<pool> self, ImmutableArray<Ref<Repository>> value);

    [Message(Role.PoolAdmin, Async = true)]
    [Raises("INTERNAL_ERROR", "HOST_IS_SLAVE", "CANNOT_CONTACT_HOST", "HA_IS_ENABLED", "NOT_SUPPORTED_DURING_UPGRADE")]
    Task rotate_secret(Call call);

    [Message(Role.PoolAdmin, Async = true)]
    Task remove_from_guest_agent_config(Call call, Ref<pool> self, string key);

    [Message(Role.PoolAdmin, Async = true)]
    Task add_to_guest_agent_config(Call call, Ref<pool> self, string key, string value);

    [Message(Role.PoolAdmin, Async = true)]
    Task<bool> has_extension(Call call, Ref<pool> self, string name);

    [Message(Role.PoolOperator)]
    Task set_igmp_snooping_enabled(Call call, Ref<pool> self, bool value);

    [Message(Role.PoolOperator, Async = true)]
    Task disable_ssl_legacy(Call call, Ref<pool> self);

    [Message(Role.PoolOperator, Async = true, Removed = true)]
    Task enable_ssl_legacy(Call call, Ref<pool> self);

    [Message(Role.PoolOperator, Async = true)]
    Task apply_edition(Call call, Ref<pool> self, string edition);

    [Message(Role.ReadOnly)]
    Task<ImmutableSortedDictionary<string, string>> get_license_state(Call call, Ref<pool> self);

    [Message(Role.PoolOperator, Async = true)]
    Task disable_local_storage_caching(Call call, Ref<pool> self);

    [Message(Role.PoolOperator, Async = true)]
    Task enable_local_storage_caching(Call call, Ref<pool> self);

    [Message(Role.PoolOperator, Async = true)]
    Task<string> test_archive_target(Call call, Ref<pool> self, ImmutableSortedDictionary<string, string> config);

    [Message(Role.PoolOperator)]
    Task set_vswitch_controller(Call call, string address);

    [Message(Role.PoolOperator, Async = true)]
    Task disable_redo_log(Call call);

    [Message(Role.PoolOperator, Async = true)]
    Task enable_redo_log(Call call, Ref<SR> sr);

    [Message(Role.PoolAdmin, Async = true)]
    Task enable_tls_verification(Call call);

    [Message(Role.PoolOperator, Async = true)]
    Task certificate_sync(Call call);

    [Message(Role.PoolOperator, Async = true)]
    Task<ImmutableArray<string>> crl_list(Call call);

    [Message(Role.PoolOperator, Async = true)]
    Task crl_uninstall(Call call, string name);

    [Message(Role.PoolOperator, Async = true)]
    Task crl_install(Call call, string name, string cert);

    [Message(Role.PoolOperator, Async = true, Also = [Role.ClientCert])]
    Task uninstall_ca_certificate(Call call, string name, bool force = false);

    [Message(Role.PoolOperator, Async = true, Also = [Role.ClientCert])]
    Task install_ca_certificate(Call call, string name, string cert);

    [Message(Role.PoolOperator, Async = true)]
    Task<ImmutableArray<string>> certificate_list(Call call);

    [Message(Role.PoolOperator, Async = true)]
    Task certificate_uninstall(Call call, string name);

    [Message(Role.PoolOperator, Async = true)]
    Task certificate_install(Call call, string name, string cert);

    [Message(Role.PoolAdmin, Async = true)]
    Task<string> send_test_post(Call call, string host, long port, string body);

    [Message(Role.ReadOnly, Async = true)]
    Task<ImmutableSortedDictionary<Ref<VM>, ImmutableArray<string>>> retrieve_wlb_recommendations(Call call);

    [Message(Role.ReadOnly, Async = true)]
    Task<ImmutableSortedDictionary<string, string>> retrieve_wlb_configuration(Call call);

    [Message(Role.PoolOperator, Async = true)]
    Task send_wlb_configuration(Call call, ImmutableSortedDictionary<string, string> config);

    [Message(Role.PoolOperator, Async = true)]
    Task deconfigure_wlb(Call call);

    [Message(Role.PoolOperator, Async = true, Secret = true)]
    Task initialize_wlb(
        Call call, string wlb_url, string wlb_username, string wlb_password, string xenserver_username, string xenserver_password);

    [Message(Role.PoolOperator, Async = true)]
    Task detect_nonhomogeneous_external_auth(Call call, Ref<pool> pool);

    [Message(Role.PoolAdmin, Async = true)]
    Task disable_external_auth(Call call, Ref<pool> pool, ImmutableSortedDictionary<string, string>? config = null);

    [Message(Role.PoolAdmin, Async = true)]
    Task enable_external_auth(
        Call call, Ref<pool> pool, ImmutableSortedDictionary<string, string> config, string service_name, string auth_type);

    [Message(Role.PoolOperator, Async = true)]
    Task<Ref<blob>> create_new_blob(Call call, Ref<pool> pool, string name, string mime_type, bool @public = false);

    [Message(Role.PoolOperator)]
    Task set_ha_host_failures_to_tolerate(Call call, Ref<pool> self, long value);

    [Message(Role.PoolOperator, Async = true)]
    Task<ImmutableSortedDictionary<Ref<VM>, ImmutableSortedDictionary<string, string>>> ha_compute_vm_failover_plan(
        Call call, ImmutableArray<Ref<host>> failed_hosts, ImmutableArray<Ref<VM>> failed_vms);

    [Message(Role.ReadOnly, Async = true)]
    Task<long> ha_compute_hypothetical_max_host_failures_to_tolerate(Call call, ImmutableSortedDictionary<Ref<VM>, string> configuration);

    [Message(Role.PoolOperator, Async = true)]
    Task<long> ha_compute_max_host_failures_to_tolerate(Call call);

    [Message(Role.PoolOperator, Async = true)]
    Task<bool> ha_failover_plan_exists(Call call, long n);

    [Message(Role.PoolOperator, Async = true)]
    Task ha_prevent_restarts_for(Call call, long seconds);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ArgumentHost, "host")]
    Task designate_new_master(Call call, Ref<host> host);

    [Message(Role.PoolOperator, Async = true)]
    Task sync_database(Call call);

    [Message(Role.PoolOperator, Async = true, Also = [Role.ClientCert])]
    Task disable_ha(Call call);

    [Message(Role.PoolOperator, Async = true, Also = [Role.ClientCert])]
    Task enable_ha(Call call, ImmutableArray<Ref<SR>> heartbeat_srs, ImmutableSortedDictionary<string, string> configuration);

    [Message(Role.PoolOperator, Async = true), Raises("VLAN_TAG_INVALID")]
    Task<ImmutableArray<Ref<PIF>>> create_VLAN_from_PIF(Call call, Ref<PIF> pif, Ref<network> network, long VLAN);

    [Message(Role.PoolOperator, Async = true)]
    [Raises("HA_IS_ENABLED", "PIF_NOT_PRESENT", "CANNOT_PLUG_BOND_SLAVE", "PIF_INCOMPATIBLE_PRIMARY_ADDRESS_TYPE", "PIF_HAS_NO_NETWORK_CONFIGURATION", "PIF_HAS_NO_V6_NETWORK_CONFIGURATION")]
    Task management_reconfigure(Call call, Ref<network> network);

    [Message(Role.PoolOperator, Async = true), Raises("VLAN_TAG_INVALID")]
    Task<ImmutableArray<Ref<PIF>>> create_VLAN(Call call, string device, Ref<network> network, long VLAN);

    [Message(Role.PoolOperator, Async = true)]
    Task<ImmutableArray<Ref<host>>> recover_slaves(Call call);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.Here)]
    Task emergency_reset_master(Call call, string master_address);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.Here)]
    Task emergency_transition_to_master(Call call);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ArgumentHost, "host")]
    Task eject(Call call, Ref<host> host);

    [Message(Role.PoolOperator, Async = true, Secret = true)]
    Task join_force(Call call, string master_address, string master_username, string master_password);

    [Message(Role.PoolOperator, Async = true, Secret = true), Raises("JOINING_HOST_CANNOT_CONTAIN_SHARED_SRS")]
    Task join(Call call, string master_address, string master_username, string master_password);

    // Not among the documented ones.

    [Message(Role.PoolOperator)]
    Task<string> initial_auth(Call call);

    // Between the hosts of a pool only.

    [Message(Role.LocalRoot, PoolInternal = true)]
    Task audit_log_append(Call call, string line);

    [Message(Role.LocalRoot, PoolInternal = true)]
    Task<hello_return> hello(Call call, string host_uuid, string host_address);

    [Message(Role.LocalRoot, PoolInternal = true), RunsOn(Where.Here)]
    Task<bool> is_slave(Call call, Ref<host> host);
}
