using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Toolstack.Hosting;
using Toolstack.Xapi.Forwarding;
using Toolstack.Xapi.Placement;
using Toolstack.Xapi.VirtualMachines;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xapi.Xenops;

/// <summary>The objects of the forwarding, placement, VM and xenops rooms, built from the daemon's services.</summary>
internal sealed class VmRooms
{
    private static readonly TimeSpan TaskPoll = TimeSpan.FromSeconds(1);

    private readonly XapiServices services;
    private readonly XenopsEvents events;

    private VmRooms(XapiServices services, XenopsEvents events, VmOperations operations)
    {
        this.services = services;
        this.events = events;
        Operations = operations;
    }

    /// <summary>The implementation of the messages of class VM.</summary>
    public VmOperations Operations { get; }

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
        XenopsSync sync = new(xenops, tasks, services.Database, services.Identity, logger);
        XenopsEvents events = new(xenops, tasks, services.Database, services.Identity, async cancel =>
        {
            await sync.RunAsync(cancel).ConfigureAwait(false);
            services.XenopsInSync.TrySetResult();
        }, logger);

        HostChooser chooser = new(services.Database, Random.Shared.NextDouble);
        RemoteHosts remote = new(services.Client, services.Database, services.Identity, configuration.Get(XenopsSettings.ForwardDeadline));
        OperationLocks locks = new(services.Database, new LockLimits(configuration.Get(XenopsSettings.LockDeadline)),
            ImmutableDictionary<string, ILockTarget>.Empty.Add("VM", new VmLockTarget()).Add("host", new HostLockTarget()));
        services.Runner = new PolicyRunner(services.Database, locks, new Reservations(services.Database, chooser), remote,
            services.Tasks.Registry.Cancel, cancelDeadline, logger);
        services.Xenops = xenops;
        services.XenopsGateway = new XenopsGateway(xenops);
        VmSettings settings = new(configuration.Get(XenopsSettings.ShutdownDeadline), services.Identity.HttpPort);
        return new VmRooms(services, events, new VmOperations(
            services.Database, services.Identity, new LocalXenops(xenops, tasks, events, services.Tasks), chooser, remote, settings, logger));
    }

    /// <summary>Runs until the daemon stops: first what a restart left behind is put right, then xenopsd's updates are followed.
    /// Does not wait for xenopsd to be there.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        await services.LocalhostKnown.Task.WaitAsync(cancel).ConfigureAwait(false);
        if (services.Identity.IsCoordinator)
        {
            await CoordinatorStart.RunAsync(services.Database, cancel).ConfigureAwait(false);
        }

        await events.RunAsync(cancel).ConfigureAwait(false);
    }
}
