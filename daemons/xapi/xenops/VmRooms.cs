using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Toolstack.Hosting;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Devices;
using Toolstack.Xapi.Events;
using Toolstack.Xapi.Forwarding;
using Toolstack.Xapi.Placement;
using Toolstack.Xapi.Reports;
using Toolstack.Xapi.Storage;
using Toolstack.Xapi.VirtualMachines;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xapi.Xenops;

/// <summary>The objects of the forwarding, placement, VM and xenops rooms, built from the daemon's services.</summary>
internal sealed class VmRooms
{
    private static readonly TimeSpan TaskPoll = TimeSpan.FromSeconds(1);

    private readonly XapiServices services;
    private readonly XenopsEvents events;
    private readonly MetadataPush push;
    private readonly ILogger logger;

    private VmRooms(XapiServices services, XenopsEvents events, MetadataPush push, VmOperations operations, ILogger logger)
    {
        this.logger = logger;
        this.push = push;
        this.services = services;
        this.events = events;
        Operations = operations;
    }

    /// <summary>The implementation of the messages of class VM.</summary>
    public VmOperations Operations { get; }

    /// <summary>The implementation of the messages of class PBD.</summary>
    public required PbdOperations Ways { get; init; }

    /// <summary>The implementation of the messages of class SR.</summary>
    public required SrOperations Repositories { get; init; }

    /// <summary>The implementation of the messages of class VDI.</summary>
    public required VdiOperations Disks { get; init; }

    /// <summary>The implementation of the messages of class VBD.</summary>
    public required VbdOperations BlockDevices { get; init; }

    /// <summary>The implementation of the messages of class VIF.</summary>
    public required VifOperations Interfaces { get; init; }

    /// <summary>Builds the objects and enters the runner and the gateway in <paramref name="services"/>.</summary>
    public static VmRooms Build(XapiServices services)
    {
        Configuration configuration = services.Configuration;
        ILogger logger = services.Logs.CreateLogger("vm");
        TimeSpan cancelDeadline = configuration.Get(XenopsSettings.CancelDeadline);
        XenopsClient xenops = new(new XenopsTransport(
            services.Switch, configuration.Get(XenopsSettings.Queue), configuration.Get(XenopsSettings.CallDeadline)));
        XenopsTasks tasks = new(xenops, new XenopsTaskLimits(
            TaskPoll, configuration.Get(XenopsSettings.OutageDeadline), configuration.Get(XenopsSettings.TaskCancelDeadline)));

        // What locks, promises and updates change is one write before a call does anything and one before it answers: the runner sees to that.
        XapiDatabase rows = services.Database.Unhurried;
        DeviceUpdates devices = new(xenops, rows, services.Identity);
        VmUpdates updates = new(xenops, rows, services.Identity, devices, logger);
        StartsAtWork starts = new();
        XenopsSync sync = new(xenops, tasks, services.Database, services.Identity, updates, starts, logger);
        SuspendImages? images = null;
        XenopsEvents events = new(xenops, tasks, services.Database, services.Identity, updates, devices, async cancel =>
        {
            IReadOnlyList<string> open = await sync.RunAsync(cancel).ConfigureAwait(false);
            await images!.CollectAsync(cancel).ConfigureAwait(false);
            services.XenopsInSync.TrySetResult();
            return open;
        }, logger);

        HostChooser chooser = new(services.Database, Random.Shared.NextDouble);
        RemoteHosts remote = new(services.Client, services.Database, services.Identity, configuration.Get(XenopsSettings.ForwardDeadline));
        OperationLocks locks = new(rows, new LockLimits(configuration.Get(XenopsSettings.LockDeadline)),
            ImmutableDictionary<string, ILockTarget>.Empty.Add("VM", new VmLockTarget()).Add("host", new HostLockTarget())
                .Add("VBD", new VbdLockTarget()).Add("VIF", new VifLockTarget()).Add("VDI", new VdiLockTarget()).Add("SR", new SrLockTarget()));
        IMessageRunner runner = new PolicyRunner(services.Database, locks, new DeviceMarks(rows, locks), new Reservations(rows, chooser), remote,
            services.Tasks.Registry.Cancel, cancelDeadline, logger);
        services.Runner = services.Notices is { } notices ? new NoticeRunner(runner, services.Database, notices, logger) : runner;
        services.Xenops = xenops;
        services.XenopsGateway = new XenopsGateway(xenops);
        int httpsPort = (int)configuration.Get(Settings.HttpsPort);
        VmSettings settings = new(configuration.Get(XenopsSettings.ShutdownDeadline), services.Identity.HttpPort)
        {
            MigrationHttpsPort = configuration.Get(XenopsSettings.MigrationHttpsOnly) && httpsPort != 0 ? httpsPort : null,
            DoubtDeadline = configuration.Get(XenopsSettings.DoubtDeadline),
        };
        VdiStore store = new(services.Database, services.Identity);
        DeviceDescriber describer = new(services.Database, store);
        PushedMetadata pushed = new();
        LocalXenops local = new(xenops, tasks, events, services.Tasks, describer, new PoolCpu(services.Database), pushed);
        PbdOperations ways = new(services.Database, services.Identity, store);
        VmOperations operations = new(services.Database, services.Identity, local, chooser, remote, settings, store, devices, starts, logger);
        images = operations.Images;
        RowChanges changes = services.ChangeLog is { } log
            ? RowChangeSources.Of(new EventFeed(log, Datamodel.Datamodel.Classes))
            : RowChangeSources.Of(services.Client, services.Identity);
        MetadataPush push = new(changes, xenops, events, services.Database, services.Identity, describer, pushed, logger);
        return new VmRooms(services, events, push, operations, logger)
        {
            Ways = ways,
            Repositories = new SrOperations(services.Database, services.Identity, store, ways, remote, logger),
            Disks = new VdiOperations(services.Database, store),
            BlockDevices = new VbdOperations(services.Database, local, describer, devices),
            Interfaces = new VifOperations(services.Database, local, describer, devices),
        };
    }

    /// <summary>Runs until the daemon stops: first what a restart left behind is put right, then xenopsd's updates are followed.
    /// Does not wait for xenopsd to be there.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        await services.LocalhostKnown.Task.WaitAsync(cancel).ConfigureAwait(false);
        if (services.Identity.IsCoordinator)
        {
            await CoordinatorStart.RunAsync(services.Database, services.Identity.Localhost, cancel).ConfigureAwait(false);
        }

        await Ways.ReplugAsync((uuid, reason) => Log.NotReplugged(logger, uuid, reason), cancel).ConfigureAwait(false);
        await Task.WhenAll(
            events.RunAsync(cancel), PushAsync(cancel),
            services.Identity.IsCoordinator ? new OldPromises(services.Database, TimeProvider.System).RunAsync(cancel) : Task.CompletedTask).ConfigureAwait(false);
    }

    /// <summary>What the database says counts for xenopsd once they agree which VMs are here.</summary>
    private async Task PushAsync(CancellationToken cancel)
    {
        await services.XenopsInSync.Task.WaitAsync(cancel).ConfigureAwait(false);
        await push.RunAsync(cancel).ConfigureAwait(false);
    }
}
