using Microsoft.Extensions.Logging;
using Toolstack.Hosting;
using Toolstack.Hosting.Switch;
using Toolstack.Idl.Queue;
using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Backends.Domains;
using Toolstack.Xenopsd.Backends.Simulator;
using Toolstack.Xenopsd.Backends.Xen;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Migration;

namespace Toolstack.Xenopsd.Server;

/// <summary>The life of the daemon: backend, engine, queue.</summary>
internal static class XenopsdMain
{
    /// <summary>Requests answered at the same time; long polls (UPDATES.get) take a place each.</summary>
    private const int Concurrency = 128;

    private static readonly TimeSpan ServeRetry = TimeSpan.FromSeconds(1);

    internal static async Task RunAsync(DaemonContext context)
    {
        var logger = context.Logs.CreateLogger("xenopsd");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.Stopping);
        var backend = await MakeBackendAsync(context.Configuration, logger, stop.Token).ConfigureAwait(false);
        var engine = new Engine(OptionsOf(context.Configuration), backend, logger);
        await using (engine.ConfigureAwait(false))
        {
            await engine.StartAsync(stop.Token).ConfigureAwait(false);
            var connection = new SwitchConnection(new SwitchOptions(context.Configuration.Get(Settings.SwitchPath), "xenopsd"), logger);
            await using (connection.ConfigureAwait(false))
            {
                connection.Start();
                string queue = context.Configuration.Get(Settings.Queue);
                var service = new XenopsService(engine, stop.Cancel);
                var server = new XenopsServer(service, (_, error) => Log.UnexpectedFailure(logger, error));
                Log.Serving(logger, queue, engine.Backend.Hypervisor);
                context.Metrics.Add(engine.WriteMetrics);
                context.Ready();
                string[] queues = [queue, .. context.Configuration.Get(Settings.QueueAliases).Where(alias => alias != queue)];
                List<Task> serving = [.. queues.Select(name => ServeAsync(connection, name, (call, cancel) => server.HandleAsync(LegacyCalls.Upgrade(call), cancel), logger, stop.Token))];
                if (backend is DomainBackend { Memory: var memory })
                {
                    serving.Add(ServeAsync(connection, MemoryServer.Queue, new MemoryServer(memory).HandleAsync, logger, stop.Token));
                }

                await Task.WhenAll(serving).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Serves until the daemon stops, whatever becomes of the switch.</summary>
    private static async Task ServeAsync(
        SwitchConnection connection,
        string queue,
        Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask<ReadOnlyMemory<byte>>> handle,
        ILogger logger,
        CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await connection.ServeAsync(queue, (request, cancel) => ServeOneAsync(request, handle, cancel), Concurrency, stop).ConfigureAwait(false);
            }
            catch (SwitchException error)
            {
                Log.QueueLost(logger, queue, error.Message);
                await Task.Delay(ServeRetry, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private static async ValueTask<ReadOnlyMemory<byte>> ServeOneAsync(
        SwitchRequest request, Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask<ReadOnlyMemory<byte>>> handle, CancellationToken cancel)
    {
        using var span = Spans.On && request.TraceContext.Length > 0
            ? Spans.Serve("process " + QueueRequest.MethodOf(request.Payload), request.TraceContext) : null;
        return await handle(request.Payload, cancel).ConfigureAwait(false);
    }

    private static EngineOptions OptionsOf(Configuration configuration) => new(
        configuration.Get(Settings.DatabasePath),
        configuration.Get(Settings.HandOverPath),
        configuration.Get(Settings.HooksPath),
        (int)configuration.Get(Settings.WorkerPoolSize),
        Settings.SaveOptions(configuration))
    {
        PlugsInOneStep = configuration.Get(Settings.LegacyPlug),
        Tls = new MigrationTls(configuration.Get(Settings.TrustedCertificates), configuration.Get(Settings.VerifyCertificates)),
        Recovery = RecoveryTimes.Default with
        {
            Ask = configuration.Get(Settings.AskDeadline),
            Retry = configuration.Get(Settings.RecoveryInterval),
            Unclaimed = configuration.Get(Settings.MetadataLifetime),
        },
        MigrationSteps = new MigrationSteps(configuration.Get(Settings.DisturbFile)),
        AtomicBoundary = BoundarySwitch.At(configuration.Get(Settings.AbortAtStep)),
    };

    private static async Task<IBackend> MakeBackendAsync(Configuration configuration, ILogger logger, CancellationToken stop)
    {
        switch (configuration.Get(Settings.Backend))
        {
            case "xen" when !XenHypervisor.Available:
                throw new ConfigurationException(
                    "backend = xen: there is neither /dev/xen/privcmd nor /proc/xen/privcmd, so this machine runs no Xen, or the driver xen-privcmd is not loaded; "
                    + "'backend = simulator' runs VMs on a simulated host");
            case "xen":
            case "auto" when XenHypervisor.Available:
                return await DomainBackend.OpenAsync(XenHypervisor.Open(configuration.Get(Settings.DomainBuilderPath)), Settings.XenDomains(configuration), logger, stop).ConfigureAwait(false);
            default:
                var path = configuration.Get(Settings.SimulatorPath);
                await SimulatorLauncher.EnsureAsync(path, configuration.Get(Settings.SimulatorMemoryMib), stop).ConfigureAwait(false);
                return await DomainBackend.OpenAsync(
                    new SimulatedHypervisor(path), Settings.SimulatedDomains(configuration), logger, stop).ConfigureAwait(false);
        }
    }
}
