using Toolstack.Hosting;

namespace Toolstack.Xapi.Pool;

/// <summary>The configuration keys of the pool and database rooms.</summary>
public static class PoolSettings
{
    public static readonly ConfigKey<string> DatabasePath = ConfigKey.FilePath(
        "database-path", "/var/lib/xcp/xapi.db", "The pool's database, used on the coordinator.");

    public static readonly ConfigKey<string> RoleFile = ConfigKey.FilePath(
        "pool-role-file", "/etc/xensource/pool.conf", "The host's part in its pool: 'master', 'slave:<address>', or 'broken' after a change that was cut short.");

    public static readonly ConfigKey<string> SecretFile = ConfigKey.FilePath(
        "pool-secret-file", "/etc/xensource/ptoken", "What the hosts of a pool show each other; made on a coordinator that has none.");

    public static readonly ConfigKey<string> InventoryFile = ConfigKey.FilePath(
        "inventory", "/etc/xensource-inventory", "Facts of the installation, as INSTALLATION_UUID; completed where it lacks one.");

    public static readonly ConfigKey<string> LocalStateFile = ConfigKey.FilePath(
        "local-state-file", "/var/lib/xcp/local.db", "What the host keeps for itself, as that it is to stay disabled.");

    public static readonly ConfigKey<string> ManagementAddress = ConfigKey.Text(
        "management-address", "", "Address at which the other hosts reach this one; empty: listen-address, or that of the first interface.");

    public static readonly ConfigKey<TimeSpan> HostAssumedDead = ConfigKey.Seconds(
        "host_assumed_dead_interval", TimeSpan.FromSeconds(600), "A member that was silent for so long counts as dead.", TimeSpan.FromSeconds(1));

    public static readonly ConfigKey<TimeSpan> HeartbeatInterval = ConfigKey.Seconds(
        "host_heartbeat_interval", TimeSpan.FromSeconds(30), "How often a member tells the coordinator that it lives.", TimeSpan.FromMilliseconds(100));

    public static readonly ConfigKey<string> BackupPath = ConfigKey.FilePath(
        "database-backup-path", "/var/lib/xcp/state-backup.xml", "A member's copy of the pool's database, for when it is to become the coordinator.");

    public static readonly ConfigKey<TimeSpan> BackupInterval = ConfigKey.Seconds(
        "pool_db_sync_interval", TimeSpan.FromSeconds(300), "How often the coordinator has its members copy the database.", TimeSpan.FromSeconds(1));

    public static readonly ConfigKey<bool> HttpsOnly = ConfigKey.Flag(
        "pool-https-only", true, "Calls to the other hosts of the pool are encrypted; not where https-port is 0.");

    public static readonly ConfigKey<bool> VerifyCertificates = ConfigKey.Flag(
        "pool-verify-certificates", false, "Verify the certificates of the other hosts of the pool, also of one that is to be joined.");

    public static readonly ConfigKey<bool> TrustFirstContact = ConfigKey.Flag(
        "pool-join-trusts-first-contact", true,
        "pool.join trusts whoever answers at the address of the pool to be joined; off: its certificate must be in pool-trusted-certificates before.");

    public static readonly ConfigKey<string> HostCertificates = ConfigKey.FilePath(
        "pool-certificates-path", "/etc/stunnel/certs-pool",
        "Directory of the certificates of the pool's hosts, which xapi keeps in step with the pool, and with them pool-trusted-certificates.");

    public static readonly ConfigKey<string> TrustedCertificates = ConfigKey.FilePath(
        "pool-trusted-certificates", "/etc/stunnel/xapi-pool-ca-bundle.pem",
        "PEM of the certificates that another host's must be one of, or be signed by, when it is verified.");

    public static IReadOnlyList<ConfigKey> All { get; } =
    [
        DatabasePath, RoleFile, SecretFile, InventoryFile, LocalStateFile, ManagementAddress, HostAssumedDead, HeartbeatInterval, BackupPath, BackupInterval,
        HttpsOnly, VerifyCertificates, TrustFirstContact, HostCertificates, TrustedCertificates,
    ];
}
