using System.Collections.Immutable;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Migration.Channels;
using Toolstack.Xenopsd.Migration.Stream;

namespace Toolstack.Xenopsd.Backends;

/// <summary>
/// The lowest layer of xenopsd: domains of one hypervisor, named by VM id. Operations and atomics know no other way to a
/// domain. Calls for one VM id come one at a time (the executor orders them); queries may come at any time. Raises XenopsError
/// (Does_not_exist for an unknown VM) and HypervisorError.
/// </summary>
public interface IBackend : IAsyncDisposable
{
    /// <summary>Name for the host record, for example <c>simulator</c>.</summary>
    string Hypervisor { get; }

    HostInfo GetHostInfo();

    /// <summary>CPU features by kind of guest, as <see cref="HostInfo.Features"/>, without a look at the rest of the host.</summary>
    CpuFeatures? Features => GetHostInfo().Features;

    /// <summary>Makes an empty domain and reserves <see cref="DomainConfig.MemoryLimitBytes"/>; returns its domid.
    /// XenopsError Not_enough_memory(bytes needed) when the host cannot give them, Already_exists when the VM has a domain.</summary>
    Task<int> CreateAsync(DomainConfig config, CancellationToken cancel);

    /// <summary>Loads the guest; the domain is paused afterwards.</summary>
    Task BuildAsync(string vmId, CancellationToken cancel);

    Task PauseAsync(string vmId, CancellationToken cancel);

    Task UnpauseAsync(string vmId, CancellationToken cancel);

    /// <summary>Ends the domain and frees its memory, whatever its state.</summary>
    Task DestroyAsync(string vmId, CancellationToken cancel);

    /// <summary>Asks the guest; false when it did not acknowledge within the time.</summary>
    Task<bool> RequestShutdownAsync(string vmId, ShutdownReason reason, TimeSpan ackTimeout, CancellationToken cancel);

    /// <summary>Waits until the domain is shut down for that reason; false when the time is over.</summary>
    Task<bool> WaitShutdownAsync(string vmId, ShutdownReason reason, TimeSpan timeout, CancellationToken cancel);

    /// <summary>
    /// Writes the suspend image to a channel, which stays the caller's. Success leaves the domain suspended; a failure or a cancellation
    /// before the suspension leaves the guest running; a failure after it leaves the domain suspended, for
    /// <see cref="ResumeAsync"/>. Cancellation is heard until <paramref name="beforeSuspend"/> has returned.
    /// </summary>
    Task<SaveStatistics> SaveAsync(
        string vmId,
        SaveOptions options,
        IDataChannel data,
        Func<CancellationToken, Task> beforeSuspend,
        IProgress<double> progress,
        CancellationToken cancel);

    /// <summary>Reads a suspend image into a domain that was created and not built; it is paused afterwards.</summary>
    Task<RestoreStatistics> RestoreAsync(string vmId, IDataChannel data, IProgress<double> progress, CancellationToken cancel);

    /// <summary>Cooperative resume of a suspended domain: the same domain goes on (fast resume).</summary>
    Task ResumeAsync(string vmId, CancellationToken cancel);

    Task RenameAsync(string vmId, string newVmId, CancellationToken cancel);

    /// <summary>Removes what is left of the VM's domain when that ended without this daemon; nothing while there is one.</summary>
    Task ForgetGoneAsync(string vmId, CancellationToken cancel);

    /// <summary>Null when the VM has no domain.</summary>
    DomainStatus? GetStatus(string vmId);

    IReadOnlyList<string> ListDomains();

    /// <summary>The guest's answer to a script; XenopsError Failed_to_run_script when it knows none of that name.</summary>
    Task<string> RunScriptAsync(string vmId, string script, CancellationToken cancel);

    /// <summary>Devices of domains and settings of running ones.</summary>
    IDeviceBackend Devices { get; }

    /// <summary>A device whose state changed, or for which something is asked. Handlers must be quick and must not throw.</summary>
    event Action<DynamicId>? DeviceChanged;

    /// <summary>The VM id of a domain whose state changed, or for which something is asked. Handlers must be quick and must not throw.</summary>
    event Action<string>? Changed;

    /// <summary>The VM id of a domain of which something else is seen than before, its state being what it was. Handlers as for <see cref="Changed"/>.</summary>
    event Action<string>? ViewChanged;
}

/// <summary>Why a domain is no longer running; the order is that of Xen's shutdown codes.</summary>
public enum ShutdownReason
{
    Poweroff = 0,
    Reboot = 1,
    Suspend = 2,
    Crash = 3,
}

/// <summary>What a domain is made from. Memory in bytes: static max is the address space, limit what the host reserves, target
/// what the guest gets at first. <see cref="FinalId"/> is the VM's own id while the domain carries a migration's temporary one.</summary>
public sealed record DomainConfig(
    string VmId,
    string Name,
    long MemoryStaticMaxBytes,
    long MemoryLimitBytes,
    long MemoryTargetBytes,
    int Vcpus,
    int VcpusMax,
    IReadOnlyDictionary<string, string> Platform,
    string? FinalId)
{
    /// <summary>The VM and the devices it will have, when whoever makes the domain has them; they are connected by later calls.</summary>
    public DomainDescription? Description { get; init; }

    /// <summary>What the source of a migration has of memory, in bytes: the destination claims as much.</summary>
    public long? MemoryTotalSourceBytes { get; init; }

    /// <summary>The IOMMU must not share its page tables with the CPU: some virtual functions need that.</summary>
    public bool NoSharedPageTables { get; init; }

    /// <summary>The domain will be filled from a suspend image, not built.</summary>
    public bool Restores { get; init; }
}

/// <summary>Everything a backend is told of a VM; immutable, as the records on disk have it.</summary>
public sealed record DomainDescription(
    Vm Vm, ImmutableArray<Vbd> Vbds, ImmutableArray<Vif> Vifs, ImmutableArray<Pci> Pcis, ImmutableArray<Vgpu> Vgpus, ImmutableArray<Vusb> Vusbs)
{
    /// <summary>What the backend kept of earlier domains of the VM.</summary>
    public VmPersistent Extra { get; init; } = new() { version = VmPersistent.CurrentVersion };
}

/// <summary>A domain at one moment. Memory in bytes. <see cref="ShutdownReason"/> is null while the domain lives.</summary>
public sealed record DomainStatus(
    int Domid,
    bool Paused,
    ShutdownReason? ShutdownReason,
    long MemoryActualBytes,
    long MemoryTargetBytes,
    long MemoryLimitBytes,
    int Vcpus,
    DateTimeOffset StartTime,
    TimeSpan Uptime)
{
    /// <summary>Xen's own code of <see cref="ShutdownReason"/>, which tells apart more; null while the domain lives.</summary>
    public int? ShutdownCode { get; init; }
}

/// <summary>The host as the hypervisor sees it; memory in bytes. <see cref="Capabilities"/> lists, in Xen's words and separated by spaces,
/// the kinds of guest it runs (<c>hvm-3.0-x86_64</c>): placement needs one with "hvm" for PVH and HVM guests.</summary>
public sealed record HostInfo(int CpuCount, long TotalMemoryBytes, long FreeMemoryBytes, string Version, string Capabilities)
{
    /// <summary>Null where the backend knows none.</summary>
    public CpuFeatures? Features { get; init; }

    public bool Iommu { get; init; }

    /// <summary>0 where the backend does not know; Linux in the first domain sees its own CPUs only.</summary>
    public int Sockets { get; init; }

    public int ThreadsPerCore { get; init; } = 1;

    public int Nodes { get; init; } = 1;
}
