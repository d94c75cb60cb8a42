using Microsoft.Extensions.Logging;
using Toolstack.Interop.Linux;
using Toolstack.Interop.Xen;
using Toolstack.Interop.Xen.Xenstore;
using Toolstack.Xenopsd.Backends.Domains.Devices;
using Toolstack.Xenopsd.Backends.Domains.LifeCycle;
using Toolstack.Xenopsd.Backends.Domains.Memory;
using Toolstack.Xenopsd.Backends.Domains.Tree;
using Toolstack.Xenopsd.Backends.Domains.Watching;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Migration.Channels;
using Toolstack.Xenopsd.Migration.Stream;

namespace Toolstack.Xenopsd.Backends.Domains;

/// <summary>
/// Domains of a hypervisor, driven as Xen's toolstacks do it: hypercalls for the domain, xenstore for everything the guest, its devices
/// and other tools are told. One code for Xen and for the simulated host. A VM's id is the handle of its domain; nothing is kept that
/// xenstore and the hypervisor do not know, so a new process takes the domains over as they are. Failures of xenstore are XenopsError
/// Internal_error.
/// </summary>
public sealed class DomainBackend : IBackend, IDomainObserver
{
    private readonly CancellationTokenSource stopping = new();
    private readonly DomainTable table = new();
    private readonly IHypervisor hypervisor;
    private readonly XenstoreClient store;
    private readonly ILogger logger;
    private readonly Squeezer squeezer;
    private readonly DeviceLife life;
    private readonly Destruction destruction;
    private readonly Creation creation;
    private readonly Building building;
    private readonly ShutdownRequests shutdown;
    private readonly Transfers transfers;
    private readonly GuestScripts scripts;
    private readonly DomainDevices devices;
    private readonly BalanceRounds balance;
    private readonly Lazy<CpuFeatures?> features;
    private HostWatch? hostWatch;
    private Task roots = Task.CompletedTask;

    private DomainBackend(IHypervisor hypervisor, XenstoreClient store, DomainOptions options, ILogger logger)
    {
        this.hypervisor = hypervisor;
        this.store = store;
        this.logger = logger;
        Hotplug hotplug = new(store, options);
        life = new DeviceLife(store, table, options, hotplug, logger);
        squeezer = new Squeezer(hypervisor, store, table, options.KeepFreeKib, logger);
        balance = new BalanceRounds(squeezer, logger);
        PciHost pci = new(hypervisor, options, logger);
        DeviceRemoval removal = new(pci, store, life, logger);
        destruction = new Destruction(hypervisor, store, table, squeezer.Reservations, removal, logger);
        creation = new Creation(hypervisor, store, table, squeezer, destruction);
        AttachedDisks disks = new(options.AttachedDisksPath);
        building = new Building(hypervisor, store, squeezer.Reservations, new BootLoader(options, logger), disks);
        shutdown = new ShutdownRequests(hypervisor, store);
        transfers = new Transfers(hypervisor, options, shutdown, building, squeezer.Reservations);
        scripts = new GuestScripts(hypervisor, store, options.ScriptTimeout);
        SoftReset softReset = new(hypervisor, store, building, removal);
        devices = new DomainDevices(
            hypervisor, store, table, life, hotplug, squeezer, disks, pci, softReset, new Sleep(hypervisor, shutdown, options), options);
        features = new Lazy<CpuFeatures?>(() => FeaturesOf(hypervisor), LazyThreadSafetyMode.PublicationOnly);
        Memory = new HostMemory(hypervisor, store, squeezer, options.KeepFreeKib);
    }

    public event Action<string>? Changed;

    public event Action<string>? ViewChanged;

    public event Action<DynamicId>? DeviceChanged;

    public string Hypervisor => hypervisor.Name;

    public IDeviceBackend Devices => devices;

    /// <summary>The host's memory as other services may reserve it.</summary>
    public HostMemory Memory { get; }

    /// <summary>Connects to the hypervisor's xenstore and takes over the domains there are. The hypervisor becomes the backend's.
    /// Raises XenopsError and HypervisorError.</summary>
    public static async Task<DomainBackend> OpenAsync(IHypervisor hypervisor, DomainOptions options, ILogger logger, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(hypervisor);
        ArgumentNullException.ThrowIfNull(options);
        return await StoreErrors.MapAsync(async () =>
        {
            var store = await XenstoreClient.ConnectAsync(hypervisor.XenstorePath, logger, cancel).ConfigureAwait(false);
            DomainBackend backend = new(hypervisor, store, options, logger);
            try
            {
                await backend.StartAsync(cancel).ConfigureAwait(false);
                return backend;
            }
            catch
            {
                await backend.DisposeAsync().ConfigureAwait(false);
                throw;
            }
        }).ConfigureAwait(false);
    }

    public CpuFeatures? Features => features.Value;

    public HostInfo GetHostInfo()
    {
        var machine = hypervisor.Machine();
        return new HostInfo(
            machine.Cpus, machine.TotalMemoryBytes, squeezer.FreeKib << 10, $"{machine.MajorVersion}.{machine.MinorVersion}", machine.Capabilities)
        {
            Features = features.Value,
            Iommu = machine.Iommu,
            Sockets = machine.CoresPerSocket > 0 ? Math.Max(1, machine.Cpus / (machine.CoresPerSocket * Math.Max(1, machine.ThreadsPerCore))) : 0,
            ThreadsPerCore = machine.ThreadsPerCore,
            Nodes = machine.Nodes,
        };
    }

    public async Task<int> CreateAsync(DomainConfig config, CancellationToken cancel)
    {
        await roots.ConfigureAwait(false);
        var entry = await StoreErrors.MapAsync(() => creation.RunAsync(config, cancel)).ConfigureAwait(false);
        DomainChanged(entry);
        return entry.Domid;
    }

    public async Task BuildAsync(string vmId, CancellationToken cancel)
    {
        var entry = table.Get(vmId);
        await StoreErrors.MapAsync(async () =>
        {
            await building.RunAsync(entry, cancel).ConfigureAwait(false);
            await WatchAsync(entry, cancel).ConfigureAwait(false);
        }).ConfigureAwait(false);
        DomainChanged(entry);
    }

    public Task PauseAsync(string vmId, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        var entry = table.Get(vmId);

        // Xen counts pauses; the VM's one is there or not.
        if (hypervisor.Own(entry) is { Paused: false })
        {
            hypervisor.Pause(entry.Domid);
        }

        DomainChanged(entry);
        return Task.CompletedTask;
    }

    public Task UnpauseAsync(string vmId, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        var entry = table.Get(vmId);
        if (!entry.Built)
        {
            throw new XenopsError(new XenopsErrorValue.Domain_not_built());
        }

        if (hypervisor.Own(entry) is { Paused: true })
        {
            hypervisor.Unpause(entry.Domid);
        }

        DomainChanged(entry);
        return Task.CompletedTask;
    }

    public async Task DestroyAsync(string vmId, CancellationToken cancel)
    {
        var entry = table.Get(vmId);
        await StoreErrors.MapAsync(() => destruction.RunAsync(entry, cancel)).ConfigureAwait(false);
        DomainChanged(entry);
        balance.Request();
    }

    public Task<bool> RequestShutdownAsync(string vmId, ShutdownReason reason, TimeSpan ackTimeout, CancellationToken cancel)
    {
        var entry = table.Get(vmId);
        return StoreErrors.MapAsync(() => shutdown.RequestAsync(entry, ShutdownRequests.Word(reason), ackTimeout, cancel));
    }

    public Task<bool> WaitShutdownAsync(string vmId, ShutdownReason reason, TimeSpan timeout, CancellationToken cancel) =>
        shutdown.WaitAsync(table.Get(vmId), reason, timeout, cancel);

    public Task<SaveStatistics> SaveAsync(
        string vmId,
        SaveOptions options,
        IDataChannel data,
        Func<CancellationToken, Task> beforeSuspend,
        IProgress<double> progress,
        CancellationToken cancel)
    {
        var entry = table.Get(vmId);
        return StoreErrors.MapAsync(() => transfers.SaveAsync(entry, options, data, beforeSuspend, progress, cancel));
    }

    public async Task<RestoreStatistics> RestoreAsync(string vmId, IDataChannel data, IProgress<double> progress, CancellationToken cancel)
    {
        var entry = table.Get(vmId);
        var statistics = await StoreErrors.MapAsync(async () =>
        {
            var done = await transfers.RestoreAsync(entry, data, progress, cancel).ConfigureAwait(false);
            await WatchAsync(entry, cancel).ConfigureAwait(false);
            return done;
        }).ConfigureAwait(false);
        DomainChanged(entry);
        return statistics;
    }

    public async Task ResumeAsync(string vmId, CancellationToken cancel)
    {
        var entry = table.Get(vmId);
        if (ShutdownRequests.ReasonOf(hypervisor.Own(entry)) != ShutdownReason.Suspend)
        {
            throw XenopsError.Internal($"domain {entry.Domid} is not suspended");
        }

        // The node is left as the guest emptied it; the server must know before the guest speaks to it again.
        await StoreErrors.MapAsync(() => store.ResumeAsync(entry.Domid, cancel)).ConfigureAwait(false);
        hypervisor.ResumeCooperatively(entry.Domid);
        entry.SeenShutdown = null;
        DomainChanged(entry);
    }

    public async Task RenameAsync(string vmId, string newVmId, CancellationToken cancel)
    {
        var entry = table.Get(vmId);
        var handle = Handles.Of(newVmId);
        var former = entry.Handle;
        table.Rename(entry, newVmId);
        try
        {
            SetHandle(entry, handle);
            await StoreErrors.MapAsync(() => TreeRename.RunAsync(store, entry.Domid, vmId, newVmId, cancel)).ConfigureAwait(false);
        }
        catch
        {
            table.Rename(entry, vmId);
            SetHandle(entry, former);
            throw;
        }

        Changed?.Invoke(vmId);
        Changed?.Invoke(newVmId);
    }

    public async Task ForgetGoneAsync(string vmId, CancellationToken cancel)
    {
        if (table.Find(vmId) is { } entry && hypervisor.Own(entry) is null)
        {
            await StoreErrors.MapAsync(() => destruction.RunAsync(entry, cancel)).ConfigureAwait(false);
            balance.Request();
        }
    }

    public DomainStatus? GetStatus(string vmId)
    {
        if (table.Find(vmId) is not { Ending: false } entry || hypervisor.Own(entry) is not { Dying: false } domain)
        {
            return null;
        }

        return new DomainStatus(
            domain.Domid,
            domain.Paused,
            ShutdownRequests.ReasonOf(domain),
            domain.MemoryBytes,
            entry.TargetKib << 10,
            Math.Max(domain.MemoryBytes, domain.MaxMemoryBytes - (MemoryModel.Internal(entry.Kind) << 20)),
            entry.Vcpus,
            entry.StartTime,
            DateTimeOffset.UtcNow - entry.StartTime)
        {
            ShutdownCode = domain.ShutdownCode,
        };
    }

    public IReadOnlyList<string> ListDomains() => [.. table.All.Where(static e => !e.Ending).Select(static e => e.VmId)];

    public Task<string> RunScriptAsync(string vmId, string script, CancellationToken cancel)
    {
        var entry = table.Get(vmId);
        return StoreErrors.MapAsync(() => scripts.RunAsync(entry, script, cancel));
    }

    /// <summary>Lets the domains be: they are the hypervisor's.</summary>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync().ConfigureAwait(false);
        await balance.DisposeAsync().ConfigureAwait(false);
        if (hostWatch is not null)
        {
            await hostWatch.DisposeAsync().ConfigureAwait(false);
        }

        foreach (var entry in table.All)
        {
            await entry.Destroyed.CancelAsync().ConfigureAwait(false);
            await entry.Transfer.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (entry.Watch is { } watch)
            {
                await watch.DisposeAsync().ConfigureAwait(false);
            }
        }

        await store.DisposeAsync().ConfigureAwait(false);
        await hypervisor.DisposeAsync().ConfigureAwait(false);
        life.Dispose();
        squeezer.Dispose();
        stopping.Dispose();
    }

    void IDomainObserver.DomainChanged(DomainEntry entry) => DomainChanged(entry);

    void IDomainObserver.ViewChanged(DomainEntry entry) => ViewChanged?.Invoke(entry.VmId);

    void IDomainObserver.DeviceChanged(DynamicId device) => DeviceChanged?.Invoke(device);

    void IDomainObserver.BalloonChanged(DomainEntry entry) => balance.Request();

    private void SetHandle(DomainEntry entry, Guid handle)
    {
        entry.ExpectHandle(handle);
        hypervisor.SetHandle(entry.Domid, handle);
        entry.Handle = handle;
    }

    private void DomainChanged(DomainEntry entry) => Changed?.Invoke(entry.VmId);

    /// <summary>Null where the hypervisor does not tell.</summary>
    private static CpuFeatures? FeaturesOf(IHypervisor hypervisor)
    {
        try
        {
            return hypervisor.Features();
        }
        catch (XenopsError error) when (error.Value is XenopsErrorValue.Unimplemented)
        {
            return null;
        }
    }

    private async Task StartAsync(CancellationToken cancel)
    {
        store.ConnectionLost += error => Log.XenstoreFailed(logger, error.Message);
        Adoption adoption = new(hypervisor, store, table, destruction, this, logger);
        await adoption.RunAsync(cancel).ConfigureAwait(false);
        store.Reconnected += () => roots = MakeRootsAgainAsync(adoption);
        hostWatch = await HostWatch.StartAsync(hypervisor, store, table, this, logger, cancel).ConfigureAwait(false);
        balance.Start();
    }

    /// <summary>The server may be a new one that knows nothing.</summary>
    private async Task MakeRootsAgainAsync(Adoption adoption)
    {
        try
        {
            await adoption.MakeRootsAsync(stopping.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (error is XenstoreError or OperationCanceledException)
        {
            Log.XenstoreFailed(logger, error.Message);
        }
    }

    private async Task WatchAsync(DomainEntry entry, CancellationToken cancel) =>
        entry.Watch ??= await DomainWatch.StartAsync(store, entry, this, logger, cancel).ConfigureAwait(false);
}
