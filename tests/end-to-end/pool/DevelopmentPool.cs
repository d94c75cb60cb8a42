using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using Toolstack.EndToEnd.Client;

namespace Toolstack.EndToEnd.Pool;

/// <summary>A pool of hosts on one machine, made of the real native daemons: each host has its own loopback address, run directory and
/// four processes (one is the simulated machine), supervised as systemd would. Disposing stops everything and removes every file.</summary>
public sealed class DevelopmentPool : IAsyncDisposable
{
    /// <summary>The user who may log in.</summary>
    public const string User = "root";

    private readonly PoolOptions options;
    private readonly string directory;
    private readonly Lock environmentGate = new();
    private bool complete;

    private DevelopmentPool(PoolOptions options)
    {
        this.options = options;
        directory = RunDirectory.Create();
        IPAddress[] addresses = [.. Enumerable.Range(1, options.Hosts).Select(number => IPAddress.Parse($"{options.AddressPrefix}{number}"))];
        var port = options.Port != 0 ? options.Port : FreePort.Of(addresses);
        int? tlsPort = options.Tls ? FreePort.Of(addresses) : null;
        Hosts = [.. Enumerable.Range(1, options.Hosts).Select(number => new PoolHost(
            number, options, Directory.CreateDirectory(Path.Combine(directory, $"host{number}")).FullName, port, tlsPort, Guid.NewGuid().ToString(), DaemonStarted))];
    }

    public IReadOnlyList<PoolHost> Hosts { get; }

    public PoolHost Coordinator => Hosts[0];

    public string Password { get; } = RandomNumberGenerator.GetHexString(16, lowercase: true);

    /// <summary>Starts a pool and waits until every host is enabled and live. Raises <see cref="PoolFailure"/>; then nothing is left behind.</summary>
    public static async Task<DevelopmentPool> StartAsync(PoolOptions options, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Hosts, PoolLimits.MaxHosts);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Hosts, 1);
        var pool = new DevelopmentPool(options);
        try
        {
            await pool.StartAsync(cancellation);
            return pool;
        }
        catch
        {
            await pool.DisposeAsync();
            throw;
        }
    }

    /// <summary>Removes the files of pools whose runner was killed. Starting a pool does it too.</summary>
    public static void RemoveOrphans() => RunDirectory.RemoveOrphans();

    /// <summary>A session on the coordinator, or on <paramref name="host"/>; each call may take <paramref name="callDeadline"/>.</summary>
    public async Task<XenApiClient> LoginAsync(CancellationToken cancellation, PoolHost? host = null, TimeSpan? callDeadline = null)
    {
        var client = XenApiClient.OverTcp((host ?? Coordinator).Url, callDeadline);
        try
        {
            await client.LoginAsync(User, Password, cancellation);
            return client;
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    /// <summary>Makes a stand-alone host a member of the pool of <paramref name="coordinator"/> and waits until both are enabled and live there.
    /// Raises <see cref="XenApiFailure"/> when it is refused.</summary>
    public async Task JoinAsync(PoolHost joiner, PoolHost coordinator, CancellationToken cancellation)
    {
        using (var client = await LoginAsync(cancellation, joiner))
        {
            await client.CallAsync("pool.join", cancellation, coordinator.Address, User, Password);
        }

        await WaitUntilLiveAsync(coordinator, [joiner], cancellation);
    }

    /// <summary>Waits until the coordinator shows every host of the pool enabled and live.</summary>
    public Task WaitUntilLiveAsync(CancellationToken cancellation) =>
        options.StandAlone
            ? Task.WhenAll(Hosts.Select(host => WaitUntilLiveAsync(host, [], cancellation)))
            : WaitUntilLiveAsync(Coordinator, [.. Hosts.Skip(1)], cancellation);

    /// <summary>Waits until <paramref name="coordinator"/> is one and shows itself and these members enabled and live.</summary>
    public async Task WaitUntilLiveAsync(PoolHost coordinator, IReadOnlyList<PoolHost> members, CancellationToken cancellation)
    {
        PoolHost[] wanted = [coordinator, .. members];
        var clock = Stopwatch.StartNew();
        var seen = "no answer";
        while (clock.Elapsed < PoolLimits.PoolDeadline)
        {
            try
            {
                using var client = await LoginAsync(cancellation, coordinator);
                seen = await DescribeHostsAsync(client, wanted, cancellation);
                await client.LogoutAsync(cancellation);
                if (seen.Length == 0)
                {
                    return;
                }
            }
            catch (Exception error) when (error is HttpRequestException or XenApiFailure or IOException)
            {
                seen = error.Message;
            }

            await Task.Delay(PoolLimits.PollInterval, cancellation);
        }

        throw new PoolFailure($"the pool is not complete: {seen}\n{string.Join('\n', Hosts.Select(host => host.Xapi.LogTail()))}");
    }

    /// <summary>Stops every daemon with SIGTERM; true when all ended by themselves with status 0.</summary>
    public async Task<bool> StopAsync()
    {
        complete = false;
        var results = await Task.WhenAll(Hosts.Select(host => host.StopAsync()));
        return Array.TrueForAll(results, clean => clean);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        foreach (var host in Hosts)
        {
            host.Dispose();
        }

        if (options.EnvironmentFile is { } file)
        {
            File.Delete(file);
        }

        RunDirectory.Remove(directory);
    }

    private async Task StartAsync(CancellationToken cancellation)
    {
        var passwordLine = await HostFiles.HashPasswordAsync(options.Binaries, User, Password, cancellation);
        var secret = Guid.NewGuid().ToString();
        foreach (var host in Hosts)
        {
            HostFiles.Write(host, options, Coordinator.Address, passwordLine, secret);
        }

        await Coordinator.StartAsync(cancellation);
        await Task.WhenAll(Hosts.Skip(1).Select(host => host.StartAsync(cancellation)));
        await WaitUntilLiveAsync(cancellation);
        await NameHostsAsync(cancellation);
        complete = true;
        WriteEnvironment();
    }

    /// <summary>All hosts run on one machine and would all carry its name: the administrator gives them their own.</summary>
    private async Task NameHostsAsync(CancellationToken cancellation)
    {
        foreach (var host in Hosts)
        {
            using var client = await LoginAsync(cancellation, options.StandAlone ? host : Coordinator);
            var reference = await client.TextAsync("host.get_by_uuid", cancellation, host.Uuid);
            await client.CallAsync("host.set_name_label", cancellation, reference, $"host{host.Number}");
            await client.LogoutAsync(cancellation);
        }
    }

    /// <summary>What is missing before all these hosts are enabled and live; empty when nothing is.</summary>
    private static async Task<string> DescribeHostsAsync(XenApiClient client, PoolHost[] wanted, CancellationToken cancellation)
    {
        var records = await client.MapAsync("host.get_all_records", cancellation);
        foreach (var host in wanted)
        {
            var record = records.Values.Cast<Dictionary<string, object>>().FirstOrDefault(one => host.Uuid.Equals(one["uuid"]));
            if (record is null)
            {
                return $"host {host.Number} is not among {records.Count} hosts";
            }

            if (!(bool)record["enabled"])
            {
                return $"host {record["name_label"]} is not enabled";
            }

            if (!(bool)await client.CallAsync("host_metrics.get_live", cancellation, record["metrics"]))
            {
                return $"host {record["name_label"]} is not live";
            }
        }

        return "";
    }

    private void DaemonStarted(ManagedDaemon daemon)
    {
        options.Report($"{Path.GetFileName(Path.GetDirectoryName(daemon.LogFile))}: {daemon.Name} ready in {daemon.StartToReady.TotalMilliseconds:0} ms, pid {daemon.Pid}");
        if (complete)
        {
            WriteEnvironment();
        }
    }

    private void WriteEnvironment()
    {
        if (options.EnvironmentFile is not { } file)
        {
            return;
        }

        lock (environmentGate)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
            EnvironmentFile.Write(file, this);
        }
    }
}
