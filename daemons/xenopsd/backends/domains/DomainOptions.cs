using Toolstack.Interop.Linux;
using Toolstack.Xenopsd.Backends.Domains.Memory;

namespace Toolstack.Xenopsd.Backends.Domains;

/// <summary>What the domain backend is made with; memory in KiB. The defaults are those of the xenops protocol.</summary>
public sealed record DomainOptions
{
    public static readonly TimeSpan DefaultSuspendAckTimeout = TimeSpan.FromSeconds(30);
    public const string DefaultScriptsPath = "/usr/libexec/xenopsd";
    public const int DefaultGuestAgentQuotaBytes = 26_214_400;
    public const string DefaultAttachedDisksPath = "/dev/sm/backend";
    public static readonly IReadOnlyList<string> DefaultBootFileDirectories = ["/var/run/xen/pygrub", "/var/run/xend/boot"];
    public static readonly TimeSpan DefaultSuspendTimeout = TimeSpan.FromSeconds(1200);
    public static readonly TimeSpan DefaultHotplugTimeout = TimeSpan.FromSeconds(300);

    /// <summary>Memory of the host that no domain gets.</summary>
    public long KeepFreeKib { get; init; } = MemoryLimits.KeepFreeKib;

    /// <summary>Longest wait for a guest to acknowledge the request to suspend.</summary>
    public TimeSpan SuspendAckTimeout { get; init; } = DefaultSuspendAckTimeout;

    /// <summary>Longest wait, after the acknowledgement, for it to be suspended.</summary>
    public TimeSpan SuspendTimeout { get; init; } = DefaultSuspendTimeout;

    /// <summary>Longest wait for a back end or a hotplug script.</summary>
    public TimeSpan HotplugTimeout { get; init; } = DefaultHotplugTimeout;

    /// <summary>Scripts connect the host's end of a device; otherwise the daemon says so itself as soon as the back end is there.</summary>
    public bool RunHotplugScripts { get; init; } = true;

    /// <summary>The daemon makes interfaces ports of their bridges where no scripts do.</summary>
    public bool ConnectsInterfaces { get; init; }

    /// <summary>The block back end opens files by itself; otherwise a file gets a loop device.</summary>
    public bool BackEndOpensFiles { get; init; }

    /// <summary>Where the scripts <c>vif</c> and <c>vbd</c> are.</summary>
    public string ScriptsPath { get; init; } = DefaultScriptsPath;

    /// <summary>How long a guest may take to answer a script.</summary>
    public TimeSpan ScriptTimeout { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>Boot loaders of PV guests: the program for each name a VM may give.</summary>
    public IReadOnlyDictionary<string, string> BootLoaders { get; init; } = new Dictionary<string, string>();

    /// <summary>Where they leave a guest's kernel.</summary>
    public IReadOnlyList<string> BootFileDirectories { get; init; } = DefaultBootFileDirectories;

    /// <summary>They run as the user of this number and the domid; 0 for the daemon's own.</summary>
    public int BootLoaderUserBase { get; init; }

    public TimeSpan BootLoaderTimeout { get; init; } = TimeSpan.FromSeconds(120);

    public ProcessLimits BootLoaderLimits { get; init; } = new(MemoryBytes: 2L << 30, CpuSeconds: 60, FileBytes: 1L << 30);

    /// <summary>Where the storage manager of the host puts disks that it attached.</summary>
    public string AttachedDisksPath { get; init; } = DefaultAttachedDisksPath;

    /// <summary>The kernel's directory of PCI devices; null where devices are not the kernel's to give.</summary>
    public string? PciPath { get; init; }

    /// <summary>A PCI device on its way to a domain belongs to nobody who could use it.</summary>
    public bool QuarantinesPci { get; init; }

    /// <summary>Encoded size of what is read of one guest's own writing.</summary>
    public int GuestAgentQuotaBytes { get; init; } = DefaultGuestAgentQuotaBytes;
}
