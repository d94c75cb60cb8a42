using Toolstack.Hosting;

namespace Toolstack.Xapi.Xenops;

/// <summary>The configuration keys of the forwarding, VM and xenops rooms.</summary>
public static class XenopsSettings
{
    public static readonly ConfigKey<string> Queue = ConfigKey.Text(
        "xenopsd-default", "org.xen.xapi.xenops.classic", "Queue of the xenopsd that runs this host's VMs.");

    public static readonly ConfigKey<TimeSpan> CallDeadline = ConfigKey.Seconds(
        "xenops-call-timeout", TimeSpan.FromSeconds(60), "Longest wait for xenopsd's answer to one call.", TimeSpan.FromSeconds(1));

    public static readonly ConfigKey<TimeSpan> OutageDeadline = ConfigKey.Seconds(
        "xenops-outage-timeout", TimeSpan.FromSeconds(60), "How long an operation waits for a xenopsd that does not answer before it fails.");

    public static readonly ConfigKey<TimeSpan> CancelDeadline = ConfigKey.Seconds(
        "cancel-timeout", TimeSpan.FromSeconds(60), "How long a cancelled operation may take to stop before its caller is told so anyway.");

    public static readonly ConfigKey<TimeSpan> TaskCancelDeadline = ConfigKey.Seconds(
        "xenops-cancel-timeout", TimeSpan.FromSeconds(1200),
        "How long xenopsd may take to settle a cancelled task; a migration past its last point of return still completes.");

    public static readonly ConfigKey<TimeSpan> LockDeadline = ConfigKey.Seconds(
        "object-lock-timeout", TimeSpan.FromHours(2), "How long an operation waits for another one on the same object.");

    public static readonly ConfigKey<TimeSpan> ForwardDeadline = ConfigKey.Seconds(
        "forwarded-call-timeout", TimeSpan.FromHours(24), "Longest wait for a call forwarded to another host.", TimeSpan.FromSeconds(1));

    public static readonly ConfigKey<TimeSpan> ShutdownDeadline = ConfigKey.Seconds(
        "domain_shutdown_total_timeout", TimeSpan.FromSeconds(1200), "How long a guest may take to shut down when asked.");

    public static readonly ConfigKey<bool> MigrationHttpsOnly = ConfigKey.Flag(
        "migration-https-only", true, "Migrations to other hosts are encrypted; not where https-port is 0.");

    public static readonly ConfigKey<TimeSpan> DoubtDeadline = ConfigKey.Seconds(
        "migration-doubt-timeout", TimeSpan.FromSeconds(60), "How long a migration waits for word where its VM is before it fails and leaves that open.");

    public static IReadOnlyList<ConfigKey> All { get; } =
        [MigrationHttpsOnly, DoubtDeadline, Queue, CallDeadline, OutageDeadline, CancelDeadline, TaskCancelDeadline, LockDeadline, ForwardDeadline, ShutdownDeadline];
}
