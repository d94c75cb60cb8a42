using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>Operations of a pool.</summary>
[WireType]
public enum pool_allowed_operations
{
    ha_enable,
    ha_disable,
    cluster_create,
    designate_new_master,
    configure_repositories,
    sync_updates,
    get_updates,
    apply_updates,
    tls_verification_enable,
    cert_refresh,
    exchange_certificates_on_join,
    exchange_ca_certificates_on_join,
    copy_primary_host_certs,
    eject,
}

/// <summary>How often telemetry is collected.</summary>
[WireType]
public enum telemetry_frequency
{
    daily,
    weekly,
    monthly,
}

/// <summary>How often updates are synchronised.</summary>
[WireType]
public enum update_sync_frequency
{
    daily,
    weekly,
}

/// <summary>What the coordinator answers to a member that starts.</summary>
[WireType]
public enum hello_return
{
    ok,
    unknown_host,
    cannot_talk_back,
}
