using System.Net;
using Microsoft.Extensions.Logging;
using Toolstack.Hosting;
using Toolstack.Hosting.Switch;
using Toolstack.Xapi.Access;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Dispatch;
using Toolstack.Xapi.Hosts;
using Toolstack.Xapi.Http;
using Toolstack.Xapi.Http.Tls;
using Toolstack.Xapi.Pool;
using Toolstack.Xapi.Reports;
using Toolstack.Xapi.Sessions;
using Toolstack.Xapi.Tasks;
using Toolstack.Xapi.ThinCli;
using Toolstack.Xapi.Xenops;

namespace Toolstack.Xapi;

/// <summary>The daemon from start to stop: who this host is, its database, the rooms, the listeners; then everything that may take its time.</summary>
internal static class XapiDaemon
{
    /// <summary>How long requests under way may still take once the daemon is to stop.</summary>
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(3);

    internal static async Task RunAsync(DaemonContext context)
    {
        HostIdentity identity = IdentityFiles.Read(context.Configuration);
        context.SetLogHost(identity.Uuid);
        using var client = new XenApiClient(identity, PeerTls.Of(context.Configuration, context.Logs.CreateLogger("http")));
        await using LocalDatabase? local = identity.IsCoordinator ? OpenDatabase(context) : null;
        XapiDatabase database = local is not null ? local : client.DatabaseOf(identity.CoordinatorAddress, identity.PoolSecret);
        await using var connection = new SwitchConnection(
            new SwitchOptions(context.Configuration.Get(Settings.SwitchPath), "xapi"), context.Logs.CreateLogger("switch"));
        string passwords = context.Configuration.Get(Settings.PasswordFile);
        var sessions = new SessionService(
            database, identity, passwords.Length > 0 ? new PasswordFile(passwords) : new PamAccounts(context.Configuration.Get(Settings.PamService)),
            context.Logs.CreateLogger("session"));
        await using var audit = new AuditLog(context.Configuration.Get(Settings.AuditLog), context.Logs.CreateLogger("audit"));
        using var scripts = new ScriptRunner(
            context.Configuration.Get(Settings.PluginDirectory), context.Configuration.Get(Settings.ExtensionDirectory));
        var services = new XapiServices
        {
            Configuration = context.Configuration,
            Logs = context.Logs,
            Stopping = context.Stopping,
            Identity = identity,
            Database = database,
            ChangeLog = local,
            Notices = local is null ? null : new NoticeStore(
                Path.Combine(context.Configuration.Get(Settings.BlobDirectory), "messages"), local.Wake, context.Logs.CreateLogger("message")),
            Client = client,
            Sessions = sessions,
            Tasks = new TaskService(database, identity),
            Switch = connection,
            Audit = audit,
            Scripts = scripts,
        };
        connection.Start();
        await ServeAsync(context, services, local).ConfigureAwait(false);
    }

    private static async Task ServeAsync(DaemonContext context, XapiServices services, LocalDatabase? local)
    {
        VmRooms vm = VmRooms.Build(services);
        PoolStart pool = PoolStart.Build(services);
        await pool.PrepareAsync(context.Stopping).ConfigureAwait(false);
        if (local is not null)
        {
            await services.Tasks.FailLeftoversAsync(context.Logs.CreateLogger("task"), context.Stopping).ConfigureAwait(false);
        }

        Dispatcher dispatcher = XapiRoutes.Add(services, MessageImplementations.Build(services, vm, pool), local);

        context.Metrics.Add(dispatcher.WriteMetrics);
        if (local is not null)
        {
            context.Metrics.Add(page => WriteMetrics(page, local));
        }

        ILogger logger = context.Logs.CreateLogger("http");
        var handOver = new HandOver(
            context.Configuration.Get(Settings.XenopsdForwarded), services.Sessions.IsValidAsync, logger, context.Stopping);
        using var thinClients = new ThinCliServer(services, dispatcher, context.Logs.CreateLogger("cli"));
        await using var server = new HttpServer(
            Endpoints(context.Configuration) with { Activated = context.TakeSocket("xapi") }, services, handOver, thinClients, logger);
        await server.StartAsync(context.Stopping).ConfigureAwait(false);
        context.Ready();
        try
        {
            Task running = Task.WhenAll(pool.RunAsync(context.Stopping), vm.RunAsync(context.Stopping), TidyAsync(services, context.Stopping));
            Task first = await Task.WhenAny(running, services.RestartWanted.Task, services.StopWanted.Task).ConfigureAwait(false);
            if (first == services.RestartWanted.Task)
            {
                throw new RestartWantedException(await services.RestartWanted.Task.ConfigureAwait(false));
            }

            if (first == running)
            {
                await running.ConfigureAwait(false);
            }
        }
        finally
        {
            using var patience = new CancellationTokenSource(StopPatience);
            await server.StopAsync(patience.Token).ConfigureAwait(false);
        }
    }

    private static void WriteMetrics(MetricsText page, LocalDatabase database)
    {
        page.Counter("xapi_database_generation", "Changes of the database since it was made.", database.Generation);
        page.Gauge("xapi_database_rows", "Rows of a class.", "class",
            Datamodel.Datamodel.Classes.Where(c => c.InDatabase && database.Count(c) > 0).Select(c => (c.Name, (double)database.Count(c))));
    }

    /// <summary>Raises ConfigurationException, whose text says what can be done.</summary>
    private static LocalDatabase OpenDatabase(DaemonContext context)
    {
        string path = context.Configuration.Get(PoolSettings.DatabasePath);
        ILogger logger = context.Logs.CreateLogger("database");
        try
        {
            if (DatabaseTransfer.TakePrepared(path))
            {
                Log.DatabaseRestored(logger, path);
            }

            return LocalDatabase.Open(path, Datamodel.Datamodel.Classes, logger);
        }
        catch (Exception error) when (error is DatabaseFileException or IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException(
                $"{error.Message}. Nothing was changed. Put a copy of the file back, or move it away and make it anew from a dump (xapi --import-db {path} < state.db); "
                + "without any file the next start begins an empty pool");
        }
    }

    private static async Task TidyAsync(XapiServices services, CancellationToken cancel)
    {
        await services.LocalhostKnown.Task.WaitAsync(cancel).ConfigureAwait(false);
        if (services.Identity.IsCoordinator)
        {
            await Housekeeping.RunAsync(services, services.Logs.CreateLogger("housekeeping"), cancel).ConfigureAwait(false);
        }
    }

    private static HttpEndpoints Endpoints(Configuration configuration)
    {
        int port = (int)configuration.Get(Settings.HttpPort);
        string address = configuration.Get(Settings.ListenAddress);
        List<IPEndPoint> tcp = [];
        if (address.Length > 0)
        {
            tcp.Add(new IPEndPoint(IPAddress.TryParse(address, out IPAddress? parsed)
                ? parsed
                : throw new ConfigurationException($"listen-address = {address}: allowed is an IP address or nothing"), port));
        }

        // The wildcard address covers loopback.
        if (configuration.Get(Settings.ListenLoopback) && !tcp.Any(static e => e.Address.Equals(IPAddress.Any) || e.Address.Equals(IPAddress.IPv6Any) || e.Address.Equals(IPAddress.Loopback)))
        {
            tcp.Add(new IPEndPoint(IPAddress.Loopback, port));
        }

        int tlsPort = (int)configuration.Get(Settings.HttpsPort);
        if (tlsPort != 0 && address.Length > 0)
        {
            var certificate = new ServerCertificate(configuration.Get(Settings.ServerCertificate), address);
            certificate.Ensure();
            tcp.Add(new TlsEndPoint(tcp[0].Address, tlsPort, certificate));
        }

        return new HttpEndpoints(configuration.Get(Settings.UnixSocket), tcp, configuration.Get(Settings.MaxBodyBytes));
    }
}
