using Toolstack.Hosting;
using Toolstack.Hosting.Switch;
using Toolstack.Xenopsd.Backends.Domains;
using Toolstack.Xenopsd.Migration;
using Toolstack.Xenopsd.Migration.Stream;

namespace Toolstack.Xenopsd.Server;

/// <summary>The configuration keys of xenopsd; names of the original daemon where it has the key.</summary>
public static class Settings
{
    private const int BytesPerMibShift = 20;

    /// <summary>Linux's directory of PCI devices and their drivers.</summary>
    private const string PciDevices = "/sys/bus/pci";

    public static readonly ConfigKey<string> SwitchPath = ConfigKey.FilePath(
        "switch-path", SwitchOptions.DefaultPath, "Unix socket of the message switch.");

    public static readonly ConfigKey<string> Queue = ConfigKey.Text(
        "queue", "org.xen.xapi.xenops.classic", "Queue that is served.");

    public static readonly ConfigKey<string> DatabasePath = ConfigKey.FilePath(
        "database-path", "/var/run/nonpersistent/xenopsd/classic", "Directory of the records of VMs; lost when the host restarts, as domains are.");

    public static readonly ConfigKey<long> WorkerPoolSize = ConfigKey.Integer(
        "worker-pool-size", 4, 1, 256, "Workers of each of the four pools.");

    public static readonly ConfigKey<string> HandOverPath = ConfigKey.FilePath(
        "handover-path", "/var/lib/xcp/xenopsd.forwarded", "Unix socket on which xapi hands migration connections over.");

    public static readonly ConfigKey<string> HooksPath = ConfigKey.FilePath(
        "hooks-path", "/etc/xapi.d", "Directory of the directories of hook scripts.");

    public static readonly ConfigKey<string> Backend = ConfigKey.Choice(
        "backend", "auto", ["auto", "xen", "simulator"], "Where domains run; auto is xen where /dev/xen/privcmd exists.");

    public static readonly ConfigKey<string> DomainBuilderPath = ConfigKey.FilePath(
        "domain-builder-path", "/usr/libexec/xapi-toolstack/xen-domain-builder", "Helper that loads guests into domains of a real Xen.");

    public static readonly ConfigKey<long> SimulatorMemoryMib = ConfigKey.Integer(
        "simulator-memory-mib", 4096, 64, 1L << 30, "Memory of the simulated host, in MiB, when xenopsd has to start it.");

    public static readonly ConfigKey<string> SimulatorPath = ConfigKey.FilePath(
        "simulator-path", "/var/run/xen-simulator/hypervisor", "Unix socket of the simulated host; it is started when nobody listens there.");

    public static readonly ConfigKey<long> MaxIterations = ConfigKey.Integer(
        "migration-max-iterations", StreamLimits.DefaultMaxIterations, 1, 1000, "Passes over a guest's memory while it runs.");

    public static readonly ConfigKey<long> DowntimeTarget = ConfigKey.Integer(
        "migration-downtime-target", (long)StreamLimits.DefaultDowntimeTarget.TotalMilliseconds, 1, 600_000,
        "The guest is suspended once the rest would take less than this, in ms.");

    public static readonly ConfigKey<long> BandwidthLimit = ConfigKey.Integer(
        "migration-bandwidth-limit-mib", 0, 0, 1L << 20, "Ceiling of a migration while the guest runs, in MiB/s; 0 for none.");

    public static readonly ConfigKey<TimeSpan> SilenceDeadline = ConfigKey.Seconds(
        "migration-silence-deadline", StreamLimits.DefaultSilenceDeadline, "Longest wait for a migration's connection to take or give a byte.",
        TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));

    public static readonly ConfigKey<string> TrustedCertificates = ConfigKey.FilePath(
        "migration-trusted-certificates", "/etc/stunnel/xapi-pool-ca-bundle.pem",
        "PEM of the certificates that a destination's must be one of, or be signed by, when it is verified.");

    public static readonly ConfigKey<bool> VerifyCertificates = ConfigKey.Flag(
        "migration-verify-certificates", false, "Verify the certificate of a destination even when xapi does not ask for it.");

    public static readonly ConfigKey<TimeSpan> AskDeadline = ConfigKey.Seconds(
        "migration-ask-timeout", MigrationLimits.AskDestination, "How long a migration whose last word did not come asks the destination before it fails in doubt.",
        TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));

    public static readonly ConfigKey<TimeSpan> RecoveryInterval = ConfigKey.Seconds(
        "migration-recovery-interval", MigrationLimits.RecoveryRound, "Pause between two attempts to learn the end of migrations left in doubt.",
        TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));

    public static readonly ConfigKey<TimeSpan> MetadataLifetime = ConfigKey.Seconds(
        "migration-metadata-lifetime", MigrationLimits.UnclaimedMetadata, "How long the metadata of a VM waits for the migration it was sent ahead of.",
        TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));

    public static readonly ConfigKey<TimeSpan> SuspendAckTimeout = ConfigKey.Seconds(
        "vm-suspend-ack-timeout", DomainOptions.DefaultSuspendAckTimeout, "Longest wait for a guest to acknowledge the request to suspend.",
        TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));

    public static readonly ConfigKey<TimeSpan> SuspendTimeout = ConfigKey.Seconds(
        "vm-suspend-timeout", DomainOptions.DefaultSuspendTimeout, "Longest wait, after the acknowledgement, for the guest to be suspended.",
        TimeSpan.FromSeconds(1), TimeSpan.FromHours(2));

    public static readonly ConfigKey<TimeSpan> HotplugTimeout = ConfigKey.Seconds(
        "hotplug_timeout", DomainOptions.DefaultHotplugTimeout, "Longest wait for a back end or a hotplug script.",
        TimeSpan.FromSeconds(1), TimeSpan.FromHours(2));

    public static readonly ConfigKey<bool> RunHotplugScripts = ConfigKey.Flag(
        "run_hotplug_scripts", true, "Scripts connect the host's end of devices, where they are installed; otherwise the daemon does.");

    public static readonly ConfigKey<string> ScriptsPath = ConfigKey.FilePath(
        "hotplug-scripts-path", DomainOptions.DefaultScriptsPath, "Directory of the hotplug scripts vif and vbd.");

    public static readonly ConfigKey<long> GuestAgentQuota = ConfigKey.Integer(
        "vm-guest-agent-xenstore-quota-bytes", DomainOptions.DefaultGuestAgentQuotaBytes, 1024, 1L << 30,
        "Most that is read of what one guest's agent wrote to xenstore, in bytes.");

    public static readonly ConfigKey<IReadOnlyList<string>> BootLoaders = ConfigKey.List(
        "bootloaders", ["pygrub=/usr/lib/xen-default/bin/pygrub"], "Boot loaders that PV guests may name, as NAME=PROGRAM.");

    public static readonly ConfigKey<IReadOnlyList<string>> BootFiles = ConfigKey.List(
        "bootloader-files", DomainOptions.DefaultBootFileDirectories, "Directories where boot loaders leave the kernels of guests.");

    public static readonly ConfigKey<long> BootLoaderUsers = ConfigKey.Integer(
        "bootloader-uid-base", 0, 0, int.MaxValue - 0x10000, "A boot loader runs as the user of this number and the domid; 0 for the daemon's own.");

    public static readonly ConfigKey<string> AttachedDisks = ConfigKey.FilePath(
        "attached-disks-path", DomainOptions.DefaultAttachedDisksPath, "Where disks named as SR/VDI are once the storage manager has attached them.");

    public static readonly ConfigKey<bool> QuarantinePci = ConfigKey.Flag(
        "pci-quarantine", true, "A PCI device on its way to a domain belongs to nobody who could use it.");

    public static readonly ConfigKey<bool> LegacyPlug = ConfigKey.Flag(
        "xenopsd-vbd-plug-unplug-legacy", true, "Disks are plugged in one step; false: attached and activated in two, so that a migration attaches ahead.");

    public static readonly ConfigKey<IReadOnlyList<string>> QueueAliases = ConfigKey.List(
        "queue-aliases", ["org.xen.xapi.xenopsd.classic"], "Further queues that are served alike.");

    public static readonly ConfigKey<long> AbortAtStep = ConfigKey.Integer(
        "debug-abort-at-step", 0, 0, 1 << 20,
        "For tests only: the process kills itself before the plain step of this number; 0 for never.");

    public static readonly ConfigKey<string> DisturbFile = ConfigKey.Text(
        "debug-disturb-file", "", "For tests only: a file with 'abort STEP' or 'cut STEP', what is to happen once when a migration reaches that step.");

    public static IReadOnlyList<ConfigKey> All { get; } =
    [
        SwitchPath, Queue, DatabasePath, WorkerPoolSize, HandOverPath, HooksPath, Backend, DomainBuilderPath, SimulatorPath, SimulatorMemoryMib,
        MaxIterations, DowntimeTarget, BandwidthLimit, SilenceDeadline, TrustedCertificates, VerifyCertificates, SuspendAckTimeout,
        AskDeadline, RecoveryInterval, MetadataLifetime, SuspendTimeout, HotplugTimeout, RunHotplugScripts, ScriptsPath, GuestAgentQuota,
        BootLoaders, BootFiles, BootLoaderUsers, AttachedDisks, QuarantinePci, LegacyPlug, QueueAliases, AbortAtStep, DisturbFile,
    ];

    /// <summary>Domains of a real Xen. Where no scripts are installed the daemon connects devices itself.</summary>
    public static DomainOptions XenDomains(Configuration configuration)
    {
        var options = Domains(configuration);
        bool scripts = configuration.Get(RunHotplugScripts) && Directory.Exists(options.ScriptsPath);
        return options with { RunHotplugScripts = scripts, ConnectsInterfaces = !scripts, PciPath = PciDevices };
    }

    /// <summary>Domains of a simulated host: its back ends open files themselves and need no scripts.</summary>
    public static DomainOptions SimulatedDomains(Configuration configuration) =>
        Domains(configuration) with { RunHotplugScripts = false, BackEndOpensFiles = true };

    private static DomainOptions Domains(Configuration configuration) => new()
    {
        SuspendAckTimeout = configuration.Get(SuspendAckTimeout),
        SuspendTimeout = configuration.Get(SuspendTimeout),
        HotplugTimeout = configuration.Get(HotplugTimeout),
        ScriptsPath = configuration.Get(ScriptsPath),
        GuestAgentQuotaBytes = (int)configuration.Get(GuestAgentQuota),
        BootLoaders = ByName(configuration.Get(BootLoaders)),
        BootFileDirectories = configuration.Get(BootFiles),
        BootLoaderUserBase = (int)configuration.Get(BootLoaderUsers),
        AttachedDisksPath = configuration.Get(AttachedDisks),
        QuarantinesPci = configuration.Get(QuarantinePci),
    };

    /// <summary>Raises ConfigurationException for an entry that is not NAME=PROGRAM.</summary>
    private static Dictionary<string, string> ByName(IReadOnlyList<string> entries) => entries
        .Select(static entry => entry.Split('=', 2) is [{ Length: > 0 } name, { Length: > 0 } program]
            ? (name, program)
            : throw new ConfigurationException($"bootloaders: \"{entry}\" is not NAME=PROGRAM"))
        .ToDictionary(static pair => pair.name, static pair => pair.program, StringComparer.Ordinal);

    /// <summary>How guests' memory is sent.</summary>
    public static SaveOptions SaveOptions(Configuration configuration)
    {
        long limit = configuration.Get(BandwidthLimit);
        return Migration.Stream.SaveOptions.Default with
        {
            MaxIterations = (int)configuration.Get(MaxIterations),
            DowntimeTarget = TimeSpan.FromMilliseconds(configuration.Get(DowntimeTarget)),
            BandwidthLimitBytesPerSecond = limit == 0 ? null : limit << BytesPerMibShift,
            SilenceDeadline = configuration.Get(SilenceDeadline),
        };
    }
}
