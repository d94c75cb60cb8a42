using Microsoft.Extensions.Logging;
using Toolstack.Interop.Xen.Xenstore;
using Toolstack.XenSimulator.Contract;
using Toolstack.XenSimulator.Host;

namespace Toolstack.XenSimulator.GuestOs;

/// <summary>
/// The kernel and the agent of one simulated guest: an unprivileged xenstore connection, and what answers on it (shutdown requests,
/// balloon, scripts). It does nothing while the domain is paused or suspended, and goes where the domain goes: a restored guest
/// connects and sets its watches anew.
/// </summary>
internal sealed class SimulatedGuest(
    SimulatedDomain domain, SimulatedHost host, IGuestFrontends frontends, ILogger logger, CancellationToken ended)
{
    private readonly GuestPaths paths = new(domain.Domid);
    private volatile bool hangs;

    /// <summary>Begins on a connection of the domain's own; ends with the domain.</summary>
    public void Start(Stream connection) => _ = RunAsync(connection);

    /// <summary>From now on the guest answers nothing. Its vCPUs go on.</summary>
    public void Hang() => hangs = true;

    /// <summary>Waits until the guest runs; false when it answers nothing any more.</summary>
    internal async Task<bool> ListensAsync(CancellationToken cancel)
    {
        await domain.UntilRunningAsync(cancel).ConfigureAwait(false);
        return !hangs;
    }

    /// <summary>Owns the guest: classifies why it ends.</summary>
    private async Task RunAsync(Stream connection)
    {
        var client = XenstoreClient.Attach(connection, $"domain {domain.Domid}", logger);
        await using (client.ConfigureAwait(false))
        {
            try
            {
                await domain.UntilRunningAsync(ended).ConfigureAwait(false);
                domain.Console.WriteLine(domain.Incarnation == 0
                    ? $"Simulated guest of domain {domain.Domid} booted, {domain.Pages} frames"
                    : $"Simulated guest resumed in domain {domain.Domid}");
                await Task.WhenAll(Drivers(client)).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                // The domain has gone.
            }
        }
    }

    /// <summary>All of them begin at once: what they ask for first leaves together.</summary>
    private List<Task> Drivers(XenstoreClient client)
    {
        using (client.Collect())
        {
            return
            [
                AnswerAsync(new ShutdownListener(this, domain, paths).RunAsync, client),
                AnswerAsync(new BalloonDriver(this, domain, host, paths).RunAsync, client),
                AnswerAsync(new ScriptListener(this, domain, paths).RunAsync, client),
                AnswerAsync(AnnounceAsync, client),
                AnswerAsync((store, cancel) => frontends.RunAsync(domain, store, cancel), client),
                CrashInTimeAsync(ended),
            ];
        }
    }

    /// <summary>One driver of the guest: the end of its connection, or a tree that the toolstack did not make for it, ends it alone.</summary>
    private async Task AnswerAsync(Func<XenstoreClient, CancellationToken, Task> driver, XenstoreClient client)
    {
        try
        {
            await driver(client, ended).ConfigureAwait(false);
        }
        catch (Exception error) when (error is XenstoreError or HypercallError)
        {
            Log.DriverEnded(logger, domain.Domid, error.Message);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            Log.GuestFailed(logger, domain.Domid, error);
        }
    }

    /// <summary>What the guest says about itself.</summary>
    private async Task AnnounceAsync(XenstoreClient client, CancellationToken cancel)
    {
        (string Name, string Value)[] facts =
        [
            ("control/feature-poweroff", "1"),
            ("control/feature-reboot", "1"),
            ("control/feature-suspend", "1"),
            ("attr/os/class", "simulated"),
            ("attr/os/major", "1"),
            ("attr/os/minor", "0"),
            ("attr/os/distro", "simulator"),
            ("data/os_name", "Simulated guest"),
            ("data/meminfo_total", $"{domain.Pages * 4}"),
            ("data/meminfo_free", $"{domain.Pages}"),
            ("data/updated", "1"),
        ];

        // In their order, the sign that all are there last: an agent's writes go through one connection.
        await Task.WhenAll(facts.Select(fact => client.WriteAsync($"{paths.Home}/{fact.Name}", fact.Value, cancel))).ConfigureAwait(false);
    }

    private async Task CrashInTimeAsync(CancellationToken cancel)
    {
        if (domain.Settings.CrashAfter == TimeSpan.Zero)
        {
            return;
        }

        await Task.Delay(domain.Settings.CrashAfter, cancel).ConfigureAwait(false);
        await domain.UntilRunningAsync(cancel).ConfigureAwait(false);
        domain.TryShutDown(ShutdownCode.Crash);
    }
}
