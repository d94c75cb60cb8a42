using Microsoft.Extensions.Logging;
using Toolstack.Hosting;
using Toolstack.Xenopsd.Atomics;
using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Executor;
using Toolstack.Xenopsd.HookScripts;
using Toolstack.Xenopsd.Migration.Stream;
using Toolstack.Xenopsd.Migration;
using Toolstack.Xenopsd.Operations;
using Toolstack.Xenopsd.State;

namespace Toolstack.Xenopsd.Server;

/// <summary>What an <see cref="Engine"/> is made with; paths are those of the configuration.</summary>
public sealed record EngineOptions(string DatabasePath, string HandOverPath, string HooksPath, int WorkerPoolSize, SaveOptions SaveOptions)
{
    public RecoveryTimes Recovery { get; init; } = RecoveryTimes.Default;

    public PhaseTimes Phases { get; init; } = PhaseTimes.Default;

    /// <summary>Disks are plugged in one step; otherwise attached and activated in two.</summary>
    public bool PlugsInOneStep { get; init; } = true;

    /// <summary>For tests: called before every plain step.</summary>
    public Action? AtomicBoundary { get; init; }

    /// <summary>For tests: where a migration is disturbed.</summary>
    public MigrationSteps MigrationSteps { get; init; } = MigrationSteps.Undisturbed;

    /// <summary>How the certificates of destinations are verified.</summary>
    public MigrationTls Tls { get; init; } = new("", always: false);
}

/// <summary>All of xenopsd but its queue: the records, the executor and both sides of migration around one backend, which it owns.</summary>
public sealed class Engine : IAsyncDisposable
{
    private readonly CancellationTokenSource stopping = new();
    private readonly HandOverListener handOver;
    private readonly ILogger logger;
    private readonly EngineOptions options;
    private readonly RecoveryTimes recovery;
    private readonly PendingMigrations pending;
    private readonly UnclaimedMetadata unclaimed;
    private readonly MigrationReceiver receiver;
    private readonly MigrationSender sender;
    private Task background = Task.CompletedTask;

    public Engine(EngineOptions options, IBackend backend, ILogger logger)
    {
        this.logger = logger;
        this.options = options;
        recovery = options.Recovery;
        unclaimed = new UnclaimedMetadata(recovery.Unclaimed);
        Backend = backend;
        Store = new VmStore(new VmFiles(options.DatabasePath, logger), options.PlugsInOneStep);
        pending = new PendingMigrations(options.DatabasePath, logger);
        Tasks = new TaskTable(Updates);
        Scheduler = new Scheduler(options.WorkerPoolSize);
        var actions = new AtomicActions(backend, Store, Updates, new HookRunner(options.HooksPath, logger), options.SaveOptions, logger);
        var executor = new AtomicExecutor(actions, Scheduler, logger, options.AtomicBoundary);
        receiver = new MigrationReceiver(Store, backend, executor, Scheduler, unclaimed, new Arrivals(options.DatabasePath, logger), options.SaveOptions.SilenceDeadline, options.Phases, options.MigrationSteps, logger);
        var resolver = new MigrationResolver(Store, backend, executor, Scheduler, pending, options.Recovery, options.Tls, logger);
        sender = new MigrationSender(Store, backend, executor, Scheduler, pending, resolver, InstanceId, options.Tls, options.Phases, options.MigrationSteps, logger);
        var endings = new DomainEndings(Store, backend, pending, logger);
        Runner = new OperationRunner(Store, backend, executor, endings, pending, sender, receiver, resolver, unclaimed, logger);
        Operations = new OperationQueue(Scheduler, Tasks, Updates, Store, Runner, sender.IsLeaving, logger, stopping.Token);
        handOver = new HandOverListener(options.HandOverPath, receiver, (debugInfo, operation) =>
            Tasks.DestroyOnFinish(Operations.Queue(debugInfo, operation).Id), logger);
    }

    /// <summary>New in every process: clients tell a restart by it.</summary>
    public string InstanceId { get; } = Guid.NewGuid().ToString();

    public IBackend Backend { get; }

    public VmStore Store { get; }

    public Updates Updates { get; } = new(first: Updates.FirstOfProcess);

    public TaskTable Tasks { get; }

    public Scheduler Scheduler { get; }

    public OperationRunner Runner { get; }

    public OperationQueue Operations { get; }

    public Observers Observers { get; } = new();

    /// <summary>How memory is sent when a migration does not say otherwise.</summary>
    public SaveOptions SaveOptions => options.SaveOptions;

    /// <summary>VMs whose only domain here is the copy that a migration left, under their own ids.</summary>
    public IEnumerable<VmRecord> AllDeparting => pending.All.Select(Departing).OfType<VmRecord>();

    /// <summary>Such a VM; null for any other.</summary>
    public VmRecord? Departing(string vm) => pending.Find(vm) is null || Backend.GetStatus(vm) is not null ? null : Store.Find(MigrationIds.Source(vm))?.WithId(vm);

    /// <summary>Whether an id is the temporary one of a VM that is being sent to another host.</summary>
    public bool IsLeaving(string temporary) => sender.IsLeaving(temporary);

    /// <summary>The page for Prometheus.</summary>
    public void WriteMetrics(MetricsText page)
    {
        Operations.WriteMetrics(page);
        page.Gauge("xenopsd_vms", "VMs known.", Store.Ids.Length);
        page.Gauge("xenopsd_domains", "Domains of them.", Backend.ListDomains().Count);
    }

    /// <summary>Removes what an interrupted migration left, but for what another host must be asked about, adopts the domains there are, and takes migrations.</summary>
    public async Task StartAsync(CancellationToken cancel)
    {
        CompleteRenames();
        await receiver.SettleAsync(cancel).ConfigureAwait(false);
        foreach (string id in Store.Ids.Union(Backend.ListDomains()).Where(MigrationIds.IsTemporary))
        {
            if (pending.IsSource(id))
            {
                continue;
            }

            Log.LeftoverRemoved(logger, id);
            if (Backend.GetStatus(id) is not null)
            {
                await Backend.DestroyAsync(id, cancel).ConfigureAwait(false);
            }

            Store.Remove(id);
        }

        Backend.Changed += OnChanged;
        Backend.ViewChanged += Operations.Signal;
        Backend.DeviceChanged += OnDeviceChanged;
        foreach (string id in Store.Ids)
        {
            Operations.Signal(id);
            Operations.Adopt(id);
        }

        Log.RecordsLoaded(logger, Store.Ids.Length, Backend.ListDomains().Count);
        handOver.Start();
        background = Task.WhenAll(handOver.RunAsync(stopping.Token), RecoverAsync(stopping.Token));
    }

    /// <summary>A VM's domain is renamed first and its record second. One that the end of the former process cut between the two has a domain
    /// without a record and a record without a domain, under two ids of the same VM: without this either would be taken for a leftover.</summary>
    private void CompleteRenames()
    {
        var domains = Backend.ListDomains();
        foreach (string id in domains.Where(id => Store.Find(id) is null))
        {
            if (Store.Ids.Where(other => MigrationIds.Stem(other) == MigrationIds.Stem(id) && !domains.Contains(other)).ToArray() is [var former])
            {
                Log.RenameCompleted(logger, former, id);
                Store.Rename(former, id);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        Backend.Changed -= OnChanged;
        Backend.ViewChanged -= Operations.Signal;
        Backend.DeviceChanged -= OnDeviceChanged;
        await stopping.CancelAsync().ConfigureAwait(false);
        await background.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        handOver.Dispose();
        await Backend.DisposeAsync().ConfigureAwait(false);
        Observers.Dispose();
        stopping.Dispose();
    }

    /// <summary>Round after round, works on what migrations left.</summary>
    private async Task RecoverAsync(CancellationToken cancel)
    {
        while (true)
        {
            foreach (string vm in pending.Undecided)
            {
                await RecoverOneAsync(new Operation.VM_resolve_migration(vm), cancel).ConfigureAwait(false);
            }

            foreach (string id in unclaimed.Expired)
            {
                await RecoverOneAsync(new Operation.VM_expire_metadata(id), cancel).ConfigureAwait(false);
            }

            await Task.Delay(recovery.Retry, cancel).ConfigureAwait(false);
        }
    }

    private async Task RecoverOneAsync(Operation operation, CancellationToken cancel)
    {
        try
        {
            await Operations.RunAsync("recovery", operation, cancel).ConfigureAwait(false);
        }
        catch (Contract.XenopsError error)
        {
            Log.FailureIgnored(logger, operation.ToString(), error.Message);
        }
    }

    private void OnChanged(string vmId)
    {
        Operations.Signal(vmId);
        Look(() => Operations.CheckState(vmId));
    }

    private void OnDeviceChanged(Contract.DynamicId device)
    {
        Updates.Add(device);
        Look(() => Operations.CheckState(device));
    }

    private void Look(Action queue)
    {
        try
        {
            queue();
        }
        catch (Contract.XenopsError error)
        {
            // The queue is full: an operation that waits there looks at the domain anyway.
            Log.FailureIgnored(logger, nameof(Operation.VM_check_state), error.Message);
        }
    }
}
