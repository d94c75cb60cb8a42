using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>The explicit messages of host, with the policy of each.</summary>
[MessagesOf(typeof(host))]
public interface IhostMessages
{
    [Message(Role.LocalRoot, Async = true), RunsOn(Where.Here)]
    Task emergency_clear_mandatory_guidance(Call call);

    [Message(Role.PoolOperator, Async = true, Removed = true), RunsOn(Where.ArgumentHost, "self")]
    Task apply_recommended_guidances(Call call, Ref<host> self);

    [Message(Role.PoolOperator), RunsOn(Where.ArgumentHost, "self")]
    Task set_https_only(Call call, Ref<host> self, bool value);

    [Message(Role.PoolOperator, Async = true, Also = [Role.ClientCert]), RunsOn(Where.ArgumentHost, "self"), Locks("apply_updates")]
    Task<ImmutableArray<ImmutableArray<string>>> apply_updates(Call call, Ref<host> self, string hash);

    [Message(Role.LocalRoot, Async = true), RunsOn(Where.Here)]
    Task emergency_reenable_tls_verification(Call call);

    [Message(Role.LocalRoot, Async = true), RunsOn(Where.Here)]
    Task emergency_disable_tls_verification(Call call);

    [Message(Role.PoolAdmin)]
    Task set_numa_affinity_policy(Call call, Ref<host> self, host_numa_affinity_policy value);

    [Message(Role.LocalRoot), RunsOn(Where.ArgumentHost, "self")]
    Task<host_sched_gran> get_sched_gran(Call call, Ref<host> self);

    [Message(Role.LocalRoot, Async = true), RunsOn(Where.ArgumentHost, "self")]
    Task set_sched_gran(Call call, Ref<host> self, host_sched_gran value);

    [Message(Role.LocalRoot), RunsOn(Where.ArgumentHost, "host")]
    Task set_uefi_certificates(Call call, Ref<host> host, string value);

    [Message(Role.PoolOperator), RunsOn(Where.ArgumentHost, "host")]
    Task set_multipathing(Call call, Ref<host> host, bool value);

    [Message(Role.PoolOperator), RunsOn(Where.ArgumentHost, "host")]
    Task set_iscsi_iqn(Call call, Ref<host> host, string value);

    [Message(Role.PoolOperator), RunsOn(Where.ArgumentHost, "self")]
    Task set_ssl_legacy(Call call, Ref<host> self, bool value);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ArgumentHost, "host")]
    Task<host_display> disable_display(Call call, Ref<host> host);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ArgumentHost, "host")]
    Task<host_display> enable_display(Call call, Ref<host> host);

    [Message(Role.PoolOperator, Async = true)]
    Task declare_dead(Call call, Ref<host> host);

    [Message(Role.VmPowerAdmin, Async = true)]
    Task<ImmutableSortedDictionary<string, string>> migrate_receive(
        Call call, Ref<host> host, Ref<network> network, ImmutableSortedDictionary<string, string> options);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ArgumentHost, "host")]
    Task disable_local_storage_caching(Call call, Ref<host> host);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ArgumentHost, "host")]
    Task enable_local_storage_caching(Call call, Ref<host> host, Ref<SR> sr);

    [Message(Role.PoolOperator, Async = true, Removed = true), RunsOn(Where.ArgumentHost, "host")]
    Task reset_cpu_features(Call call, Ref<host> host);

    [Message(Role.PoolOperator, Async = true, Removed = true), RunsOn(Where.ArgumentHost, "host")]
    Task set_cpu_features(Call call, Ref<host> host, string features);

    [Message(Role.PoolOperator), RunsOn(Where.ArgumentHost, "self")]
    Task set_power_on_mode(Call call, Ref<host> self, string power_on_mode, ImmutableSortedDictionary<string, string> power_on_config);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ArgumentHost, "host")]
    Task refresh_pack_info(Call call, Ref<host> host);

    [Message(Role.PoolOperator, Async = true)]
    Task apply_edition(Call call, Ref<host> host, string edition, bool force = false);

    [Message(Role.PoolAdmin, Async = true), RunsOn(Where.ArgumentHost, "host")]
    Task reset_server_certificate(Call call, Ref<host> host);

    [Message(Role.LocalRoot, Async = true), RunsOn(Where.Here)]
    Task emergency_reset_server_certificate(Call call);

    [Message(Role.PoolAdmin, Async = true, Secret = true), RunsOn(Where.ArgumentHost, "host")]
    Task install_server_certificate(Call call, Ref<host> host, string certificate, string private_key, string certificate_chain = "");

    [Message(Role.PoolAdmin, Async = true), RunsOn(Where.ArgumentHost, "host")]
    Task refresh_server_certificate(Call call, Ref<host> host);

    [Message(Role.ReadOnly), RunsOn(Where.ArgumentHost, "host")]
    Task<string> get_server_certificate(Call call, Ref<host> host);

    [Message(Role.ReadOnly, Async = true)]
    Task<ImmutableSortedDictionary<Ref<VM>, ImmutableArray<string>>> retrieve_wlb_evacuate_recommendations(Call call, Ref<host> self);

    [Message(Role.PoolAdmin, Async = true), RunsOn(Where.ArgumentHost, "host")]
    Task disable_external_auth(Call call, Ref<host> host, ImmutableSortedDictionary<string, string>? config = null);

    [Message(Role.PoolAdmin, Async = true), RunsOn(Where.ArgumentHost, "host")]
    Task enable_external_auth(
        Call call, Ref<host> host, ImmutableSortedDictionary<string, string> config, string service_name, string auth_type);

    [Message(Role.ReadOnly), RunsOn(Where.ArgumentHost, "host")]
    Task<DateTimeOffset> get_server_localtime(Call call, Ref<host> host);

    [Message(Role.ReadOnly), RunsOn(Where.ArgumentHost, "host")]
    Task<DateTimeOffset> get_servertime(Call call, Ref<host> host);

    [Message(Role.PoolAdmin, Async = true), RunsOn(Where.ArgumentHost, "host")]
    Task<string> call_extension(Call context, Ref<host> host, string call);

    [Message(Role.PoolAdmin, Async = true), RunsOn(Where.ArgumentHost, "host")]
    Task<bool> has_extension(Call call, Ref<host> host, string name);

    [Message(Role.PoolAdmin, Async = true), RunsOn(Where.ArgumentHost, "host")]
    Task<string> call_plugin(Call call, Ref<host> host, string plugin, string fn, ImmutableSortedDictionary<string, string> args);

    [Message(Role.PoolOperator, Async = true)]
    Task<Ref<blob>> create_new_blob(Call call, Ref<host> host, string name, string mime_type, bool @public = false);

    [Message(Role.PoolAdmin, Async = true), RunsOn(Where.ArgumentHost, "host")]
    Task backup_rrds(Call call, Ref<host> host, double delay);

    [Message(Role.PoolAdmin, Async = true), RunsOn(Where.ArgumentHost, "host")]
    Task sync_data(Call call, Ref<host> host);

    [Message(Role.ReadOnly, Async = true), RunsOn(Where.ArgumentHost, "host")]
    Task<long> compute_memory_overhead(Call call, Ref<host> host);

    [Message(Role.ReadOnly, Async = true)]
    Task<long> compute_free_memory(Call call, Ref<host> host);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ArgumentHost, "host"), Raises("HOST_NAME_INVALID")]
    Task set_hostname_live(Call call, Ref<host> host, string hostname);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.Here)]
    Task shutdown_agent(Call call);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ArgumentHost, "host")]
    Task restart_agent(Call call, Ref<host> host);

    [Message(Role.ReadOnly), RunsOn(Where.Here)]
    Task<string> get_system_status_capabilities(Call call, Ref<host> host);

    [Message(Role.PoolOperator), RunsOn(Where.ArgumentHost, "host")]
    Task<Ref<PIF>> get_management_interface(Call call, Ref<host> host);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.Here)]
    Task management_disable(Call call);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.Here)]
    Task local_management_reconfigure(Call call, string @interface);

    [Message(Role.PoolOperator, Async = true)]
    Task management_reconfigure(Call call, Ref<PIF> pif);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ArgumentHost, "host")]
    Task syslog_reconfigure(Call call, Ref<host> host);

    [Message(Role.PoolOperator, Async = true, Also = [Role.ClientCert]), Locks("evacuate")]
    Task evacuate(Call call, Ref<host> host, Ref<network> network = default, long evacuate_batch_size = 0);

    [Message(Role.ReadOnly)]
    Task<ImmutableArray<Ref<VM>>> get_uncooperative_resident_VMs(Call call, Ref<host> self);

    [Message(Role.ReadOnly)]
    Task<ImmutableSortedDictionary<Ref<VM>, ImmutableArray<string>>> get_vms_which_prevent_evacuation(Call call, Ref<host> self);

    [Message(Role.PoolOperator, Async = true)]
    Task assert_can_evacuate(Call call, Ref<host> host);

    [Message(Role.PoolOperator), RunsOn(Where.ArgumentHost, "host")]
    Task forget_data_source_archives(Call call, Ref<host> host, string data_source);

    [Message(Role.ReadOnly), RunsOn(Where.ArgumentHost, "host")]
    Task<double> query_data_source(Call call, Ref<host> host, string data_source);

    [Message(Role.PoolOperator), RunsOn(Where.ArgumentHost, "host")]
    Task record_data_source(Call call, Ref<host> host, string data_source);

    [Message(Role.ReadOnly), RunsOn(Where.ArgumentHost, "host"), TypeText("data_source record set")]
    Task<MessageResult> get_data_sources(Call call, Ref<host> host);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.Here)]
    Task emergency_ha_disable(Call call, bool soft = false);

    [Message(Role.PoolOperator, Async = true), Locks("power_on")]
    Task power_on(Call call, Ref<host> host);

    [Message(Role.PoolOperator, Async = true)]
    Task destroy(Call call, Ref<host> self);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ArgumentHost, "host")]
    Task license_remove(Call call, Ref<host> host);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ArgumentHost, "host"), Raises("LICENSE_PROCESSING_ERROR")]
    Task license_add(Call call, Ref<host> host, string contents);

    [Message(Role.PoolOperator, Async = true, Removed = true), RunsOn(Where.ArgumentHost, "host"), Raises("LICENSE_PROCESSING_ERROR")]
    Task license_apply(Call call, Ref<host> host, string contents);

    [Message(Role.ReadOnly, Async = true), RunsOn(Where.Here)]
    Task<ImmutableArray<string>> list_methods(Call call);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ArgumentHost, "host")]
    Task bugreport_upload(Call call, Ref<host> host, string url, ImmutableSortedDictionary<string, string> options);

    [Message(Role.PoolAdmin, Async = true), RunsOn(Where.ArgumentHost, "host")]
    Task send_debug_keys(Call call, Ref<host> host, string keys);

    [Message(Role.ReadOnly), RunsOn(Where.ArgumentHost, "host")]
    Task<string> get_log(Call call, Ref<host> host);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ArgumentHost, "host")]
    Task<string> dmesg_clear(Call call, Ref<host> host);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ArgumentHost, "host")]
    Task<string> dmesg(Call call, Ref<host> host);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ArgumentHost, "host"), Locks("reboot")]
    Task reboot(Call call, Ref<host> host);

    [Message(Role.PoolOperator, Async = true), RunsOn(Where.ArgumentHost, "host"), Locks("shutdown")]
    Task shutdown(Call call, Ref<host> host);

    [Message(Role.PoolOperator, Async = true, Also = [Role.ClientCert]), RunsOn(Where.ArgumentHost, "host"), Locks("enable")]
    Task enable(Call call, Ref<host> host);

    [Message(Role.PoolOperator, Async = true, Also = [Role.ClientCert]), RunsOn(Where.ArgumentHost, "host")]
    Task disable(Call call, Ref<host> host, bool auto_enable = true);

    // Not among the documented ones.

    [Message(Role.ReadOnly, Session = false), RunsOn(Where.Here)]
    Task<bool> is_in_emergency_mode(Call call);

    [Message(Role.PoolOperator), RunsOn(Where.Here)]
    Task local_assert_healthy(Call call);

    [Message(Role.LocalRoot), RunsOn(Where.Here)]
    Task propose_new_master(Call call, string address, bool manual);

    [Message(Role.LocalRoot), RunsOn(Where.Here)]
    Task commit_new_master(Call call, string address);

    [Message(Role.LocalRoot), RunsOn(Where.Here)]
    Task abort_new_master(Call call, string address);

    [Message(Role.LocalRoot), RunsOn(Where.Here)]
    Task signal_networking_change(Call call);

    [Message(Role.LocalRoot), RunsOn(Where.Here)]
    Task ha_xapi_healthcheck(Call call);

    [Message(Role.LocalRoot), RunsOn(Where.ArgumentHost, "host")]
    Task request_backup(Call call, Ref<host> host, long generation, bool force);

    [Message(Role.ReadOnly), RunsOn(Where.ArgumentHost, "host")]
    Task<ImmutableSortedDictionary<string, string>> get_diagnostic_timing_stats(Call call, Ref<host> host, bool counts = false);

    // Between the hosts of a pool only.

    [Message(Role.LocalRoot, PoolInternal = true)]
    Task<ImmutableSortedDictionary<string, string>> tickle_heartbeat(
        Call call, Ref<host> host, ImmutableSortedDictionary<string, string> stuff);
}
