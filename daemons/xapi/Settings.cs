using Toolstack.Hosting;

namespace Toolstack.Xapi;

/// <summary>The configuration keys of xapi; names of the original daemon where it has the key.</summary>
public static class Settings
{
    public static readonly ConfigKey<string> UnixSocket = ConfigKey.FilePath(
        "unix-socket", "/var/lib/xcp/xapi", "Unix socket of XenAPI; its peers are root.");

    public static readonly ConfigKey<string> ListenAddress = ConfigKey.Text(
        "listen-address", "0.0.0.0", "Address of XenAPI over TCP; empty for none. Loopback is listened on besides.");

    public static readonly ConfigKey<long> HttpPort = ConfigKey.Integer(
        "http-port", 80, 1, 65535, "TCP port of XenAPI, the same on every host of a pool.");

    public static readonly ConfigKey<long> HttpsPort = ConfigKey.Integer(
        "https-port", 443, 0, 65535, "TCP port of XenAPI over TLS, at listen-address; 0 for none.");

    public static readonly ConfigKey<string> ServerCertificate = ConfigKey.FilePath(
        "server-cert-path", "/etc/xensource/xapi-ssl.pem", "Certificate and key that HTTPS shows, in one PEM file; a self-signed one is made where there is none.");

    public static readonly ConfigKey<bool> ListenLoopback = ConfigKey.Flag(
        "listen-loopback", true, "Listen on 127.0.0.1 besides listen-address.");

    public static readonly ConfigKey<long> MaxBodyBytes = ConfigKey.Integer(
        "max-request-bytes", 64 * 1024 * 1024, 300 * 1024, 1024L * 1024 * 1024, "Largest request body.");

    public static readonly ConfigKey<string> PasswordFile = ConfigKey.Text(
        "password-file", "", "Users who may log in over TCP, one 'name:hash' a line (made by xapi --hash-password); empty: the local accounts by PAM.");

    public static readonly ConfigKey<string> PamService = ConfigKey.Text(
        "pam-service", "xapi", "The PAM service that checks local accounts.");

    public static readonly ConfigKey<string> AuditLog = ConfigKey.Text(
        "audit-log", "/var/log/audit.log", "Where it is written down who changed what; empty: nowhere.");

    public static readonly ConfigKey<string> BlobDirectory = ConfigKey.FilePath(
        "blob-directory", "/var/lib/xcp/blobs", "Contents of blobs, and notices (class message).");

    public static readonly ConfigKey<string> HostLog = ConfigKey.Text(
        "host-log", "/var/log/xensource.log", "The file whose end host.get_log answers; empty for none.");

    public static readonly ConfigKey<string> PluginDirectory = ConfigKey.FilePath(
        "xapi-plugins-root", "/etc/xapi.d/plugins", "Scripts that host.call_plugin runs.");

    public static readonly ConfigKey<string> ExtensionDirectory = ConfigKey.FilePath(
        "xapi-extensions-root", "/etc/xapi.d/extensions", "Scripts that answer messages which XenAPI does not have.");

    public static readonly ConfigKey<string> RebootCommand = ConfigKey.FilePath(
        "host-reboot-command", "/sbin/reboot", "What host.reboot runs.");

    public static readonly ConfigKey<string> ShutdownCommand = ConfigKey.FilePath(
        "host-shutdown-command", "/sbin/poweroff", "What host.shutdown runs.");

    public static readonly ConfigKey<string> HostnameCommand = ConfigKey.FilePath(
        "set-hostname-command", "/usr/libexec/xapi-toolstack/set-hostname", "What host.set_hostname_live runs, with the new name.");

    public static readonly ConfigKey<string> XenCommandLine = ConfigKey.FilePath(
        "xen-cmdline-script", "/opt/xensource/libexec/xen-cmdline", "What reads (--get-xen OPTION) and writes (--set-xen OPTION=VALUE) the options Xen boots with.");

    public static readonly ConfigKey<string> XenopsdForwarded = ConfigKey.FilePath(
        "xenopsd-forwarded-path", "/var/lib/xcp/xenopsd.forwarded", "Unix socket on which xenopsd takes over migration connections.");

    public static readonly ConfigKey<string> SwitchPath = ConfigKey.FilePath(
        "switch-path", "/var/run/message-switch/sock", "Unix socket of the message switch.");

    /// <summary>Every key xapi understands; the rooms add theirs.</summary>
    public static IReadOnlyList<ConfigKey> All { get; } =
    [
        UnixSocket, ListenAddress, HttpPort, HttpsPort, ServerCertificate, ListenLoopback, MaxBodyBytes, PasswordFile, PamService, AuditLog, BlobDirectory, HostLog,
        PluginDirectory, ExtensionDirectory, RebootCommand, ShutdownCommand, HostnameCommand, XenCommandLine, XenopsdForwarded, SwitchPath,
        .. Pool.PoolSettings.All, .. Xenops.XenopsSettings.All,
    ];
}
