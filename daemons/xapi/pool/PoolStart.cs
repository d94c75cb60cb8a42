using Microsoft.Extensions.Logging;
using Toolstack.Hosting;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Hosts;
using Toolstack.Xapi.Membership;
using Toolstack.Xapi.Placement;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xapi.Pool;

/// <summary>
/// The host as part of its pool, from start to stop. A coordinator brings its database in order before it listens; a member needs its
/// listener first, because the coordinator calls back. Both then learn from xenopsd what the host is, and open it for VMs when the
/// database and xenopsd agree.
/// </summary>
internal sealed class PoolStart
{
    private readonly XapiServices services;
    private readonly OwnRows rows;
    private readonly HostLiveness liveness;
    private readonly MemberLink link;
    private readonly HostPolicies policies;
    private readonly LocalState local;
    private readonly DatabaseBackup backup;
    private readonly CoordinatorChange change;
    private readonly LeavingHost leaving;
    private readonly CertificateExchange certificates;
    private readonly ILogger logger;
    private readonly TimeSpan round;
    private HostFacts facts;

    private PoolStart(XapiServices services, HostFacts facts, ILogger logger)
    {
        this.services = services;
        this.facts = facts;
        this.logger = logger;
        Configuration configuration = services.Configuration;
        TimeSpan assumedDead = configuration.Get(PoolSettings.HostAssumedDead);
        round = assumedDead / 4 < PoolLimits.RoundInterval ? assumedDead / 4 : PoolLimits.RoundInterval;
        rows = new OwnRows(services.Database, services.Identity);
        liveness = new HostLiveness(services.Database, services.Identity, assumedDead, TimeProvider.System, logger);
        Arrival arrival = new(services.Database, services.Identity, configuration.Get(PoolSettings.DatabasePath), logger);
        link = new MemberLink(services.Client, services.Identity, rows, arrival,
            configuration.Get(Settings.HttpsPort) == 0 ? null : cancel => CertificateRows.RefreshAsync(services, cancel),
            configuration.Get(PoolSettings.HeartbeatInterval), logger);
        policies = new HostPolicies(services);
        local = new LocalState(configuration.Get(PoolSettings.LocalStateFile));
        backup = new DatabaseBackup(services, logger);
        change = new CoordinatorChange(services, backup, logger);
        leaving = new LeavingHost(services, logger);
        certificates = new CertificateExchange(services, logger);
        Hosts = new HostMessages(services, liveness, services.Scripts, policies, local) { Change = change, Backup = backup };
        Pools = new PoolMessages(services.Database, services.Identity, services.Client, liveness, link, policies, services.Audit)
        {
            Joining = new JoiningHost(services, certificates), Leaving = leaving, Change = change, Backup = backup, Certificates = certificates,
        };
    }

    /// <summary>The implementation of the messages of class host.</summary>
    internal HostMessages Hosts { get; }

    /// <summary>The implementation of the messages of class pool.</summary>
    internal PoolMessages Pools { get; }

    /// <summary>Builds the objects. Raises <see cref="ConfigurationException"/> when the inventory does not make sense.</summary>
    internal static PoolStart Build(XapiServices services)
    {
        HostFacts facts = HostFacts.Read(services.Configuration.Get(PoolSettings.InventoryFile), Daemon.Version);
        return new PoolStart(services, facts, services.Logs.CreateLogger("pool"));
    }

    /// <summary>Before the listeners open. On a coordinator the database then has the pool, this host and the templates.</summary>
    internal async Task PrepareAsync(CancellationToken cancel)
    {
        HostIdentity identity = services.Identity;
        Log.PoolRole(logger, identity.Uuid, identity.IsCoordinator ? "coordinator" : "member", identity.CoordinatorAddress);
        if (!identity.IsCoordinator)
        {
            services.Emergency = new XenApiError(identity.IsBroken ? "HOST_BROKEN" : "HOST_STILL_BOOTING");
            return;
        }

        Ref<host> self = await rows.FindAsync(cancel).ConfigureAwait(false);
        identity.Localhost = self.IsNull ? await rows.CreateAsync(facts, cancel).ConfigureAwait(false) : self;
        CoordinatorRows coordinator = new(services.Database, identity);
        await coordinator.PoolAsync(services.Notices, cancel).ConfigureAwait(false);
        await coordinator.VmsOfMissingHostsAsync(cancel).ConfigureAwait(false);
        await coordinator.TemplatesAsync(cancel).ConfigureAwait(false);
        await rows.RefreshAsync(facts, cancel).ConfigureAwait(false);
        await HostState.SetEnabledAsync(services.Database, identity.Localhost, enabled: false, cancel).ConfigureAwait(false);
        await HostState.SetLiveAsync(services.Database, identity.Localhost, live: true, cancel).ConfigureAwait(false);
        services.LocalhostKnown.TrySetResult();
    }

    /// <summary>Runs until the daemon stops, from when the listeners are open. Raises nothing but OperationCanceledException.</summary>
    internal async Task RunAsync(CancellationToken cancel)
    {
        if (services.Identity.IsCoordinator)
        {
            await Task.WhenAll(
                OpenAsync(cancel), CallMembersAsync(cancel), CoordinatorRoundsAsync(cancel), backup.RunAsync(cancel), leaving.FinishAsync(cancel)).ConfigureAwait(false);
            return;
        }

        if (services.Identity.IsBroken)
        {
            // What is to become of this host is for the administrator to say, by a call that emergency mode answers.
            await Task.Delay(Timeout.Infinite, cancel).ConfigureAwait(false);
        }

        await link.JoinAsync(facts, reason => services.Emergency = reason, cancel).ConfigureAwait(false);
        services.Emergency = null;
        services.LocalhostKnown.TrySetResult();
        await leaving.FinishAsync(cancel).ConfigureAwait(false);
        await Task.WhenAll(OpenAsync(cancel), link.HeartbeatAsync(RoundAsync, away => services.Emergency = away, cancel), backup.FirstAsync(cancel)).ConfigureAwait(false);
    }

    /// <summary>Asks xenopsd what the host is, records it, and enables the host once the resynchronisation is done.</summary>
    private async Task OpenAsync(CancellationToken cancel)
    {
        for (TimeSpan pause = PoolLimits.FirstPause; ; pause = PoolLimits.Longer(pause))
        {
            string reason = "not connected";
            try
            {
                if (services.Xenops is { } xenops)
                {
                    facts = await facts.AskAsync(xenops, "pool start", cancel).ConfigureAwait(false);
                    await rows.RefreshAsync(facts, cancel).ConfigureAwait(false);
                    await new PoolCpu(services.Database).RefreshAsync(cancel).ConfigureAwait(false);
                    await services.XenopsInSync.Task.WaitAsync(cancel).ConfigureAwait(false);
                    await policies.ApplyAsync(cancel).ConfigureAwait(false);
                    await EnableAsync(cancel).ConfigureAwait(false);
                    await CertificateRows.RefreshAsync(services, cancel).ConfigureAwait(false);
                    await rows.RefreshFreeMemoryAsync(cancel).ConfigureAwait(false);
                    return;
                }
            }
            catch (Exception error) when (error is XenopsError or XenApiError)
            {
                reason = error.Message;
            }

            Log.FactsUnknown(logger, pause, reason);
            await Task.Delay(pause, cancel).ConfigureAwait(false);
        }
    }

    private async Task EnableAsync(CancellationToken cancel)
    {
        if (local.Get(LocalState.AutoEnable) == "false")
        {
            Log.HostStaysDisabled(logger);
            return;
        }

        await HostState.SetEnabledAsync(services.Database, services.Identity.Localhost, enabled: true, cancel).ConfigureAwait(false);
        Log.HostEnabled(logger);
    }

    /// <summary>What is not persistent went with the process before: every member that answers sends its heartbeat, and records itself anew.
    /// One that is a coordinator became it while this host was away, or this host did.</summary>
    private async Task CallMembersAsync(CancellationToken cancel)
    {
        foreach ((Ref<host> self, host row) in await services.Database.GetAll<host>(cancel).ConfigureAwait(false))
        {
            if (self != services.Identity.Localhost)
            {
                try
                {
                    Value member = await services.Client.CallHostAsync(services.Database, self, "pool.is_slave", [new Value.Text(self.ToString())], null,
                        PoolLimits.TalkBackDeadline, cancel).ConfigureAwait(false);
                    if (!member.AsBool())
                    {
                        await change.MeetAsync(row, cancel).ConfigureAwait(false);
                    }
                }
                catch (XenApiError)
                {
                    // It is not there: it will say hello when it comes.
                }
            }
        }
    }

    private async Task CoordinatorRoundsAsync(CancellationToken cancel)
    {
        using var timer = new PeriodicTimer(round);
        while (await timer.WaitForNextTickAsync(cancel).ConfigureAwait(false))
        {
            try
            {
                await liveness.SweepAsync(cancel).ConfigureAwait(false);
                await RoundAsync(cancel).ConfigureAwait(false);
            }
            catch (XenApiError error)
            {
                Log.PoolRoundFailed(logger, error);
            }
        }
    }

    /// <summary>Every host's own housekeeping; what is as it was causes no event.</summary>
    private async Task RoundAsync(CancellationToken cancel)
    {
        if (!services.IsLeaving)
        {
            await certificates.SyncAsync(services.Database, cancel).ConfigureAwait(false);
        }

        if (facts.Info is not null && !services.IsLeaving)
        {
            await rows.RefreshAsync(facts, cancel).ConfigureAwait(false);
            await rows.RefreshFreeMemoryAsync(cancel).ConfigureAwait(false);
            try
            {
                await policies.ApplyAsync(cancel).ConfigureAwait(false);
            }
            catch (XenopsError)
            {
                // The next round tells it.
            }
        }
    }
}
