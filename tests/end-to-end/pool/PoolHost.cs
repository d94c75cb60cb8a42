namespace Toolstack.EndToEnd.Pool;

/// <summary>One host of a development pool: its own address, run directory and four processes.</summary>
public sealed class PoolHost : IDisposable
{
    internal PoolHost(int number, PoolOptions options, string directory, int port, int? tlsPort, string uuid, Action<ManagedDaemon> started)
    {
        Number = number;
        Uuid = uuid;
        TlsPort = tlsPort;
        Address = options.AddressPrefix + number;
        Directory = directory;
        Url = new Uri($"http://{Address}:{port}/");
        Simulator = Daemon("xen-simulator");
        Switch = Daemon("message-switch");
        Xenopsd = Daemon("xenopsd");
        Xapi = Daemon("xapi");

        ManagedDaemon Daemon(string name) =>
            new(name, Path.Combine(options.Binaries, name), Path.Combine(directory, name + ".conf"), directory, () => options.Launch(name, directory), started);
    }

    /// <summary>From 1; 1 is the coordinator.</summary>
    public int Number { get; }

    public string Uuid { get; }

    public string Address { get; }

    public string Directory { get; }

    public Uri Url { get; }

    /// <summary>TCP port of XenAPI over TLS; null where there is none.</summary>
    public int? TlsPort { get; }

    /// <summary>PEM of the certificate that XenAPI shows, and its key.</summary>
    public string Certificate => Path.Combine(Directory, "xapi-ssl.pem");

    /// <summary>PEM of the certificates that this host trusts in a migration.</summary>
    public string TrustedCertificates => Path.Combine(Directory, "trusted.pem");

    /// <summary>PEM of the certificates of hosts that this host's xapi trusts, where it verifies them.</summary>
    public string TrustedHosts => Path.Combine(Directory, "trusted-hosts.pem");

    public string XapiSocket => Path.Combine(Directory, "xapi.sock");

    /// <summary>The host's part in its pool: <c>master</c> or <c>slave:ADDRESS</c>.</summary>
    public string Role => File.ReadAllText(Path.Combine(Directory, "pool.conf")).Trim();

    public string SwitchSocket => Path.Combine(Directory, "switch.sock");

    public string HandoverSocket => Path.Combine(Directory, "forwarded.sock");

    /// <summary>Where a daemon answers with its metrics.</summary>
    public string MetricsSocket(string daemon) => Path.Combine(Directory, "run-" + daemon, "metrics");

    /// <summary>Hypercalls of the simulated machine.</summary>
    public string HypervisorSocket => Path.Combine(Directory, "hypervisor.sock");

    public string XenstoreSocket => Path.Combine(Directory, "xenstore.sock");

    /// <summary>The machine itself with its guests: what dies only when the power fails.</summary>
    public ManagedDaemon Simulator { get; }

    public ManagedDaemon Switch { get; }

    public ManagedDaemon Xenopsd { get; }

    public ManagedDaemon Xapi { get; }

    /// <summary>In the order in which they start.</summary>
    public IReadOnlyList<ManagedDaemon> Daemons => [Simulator, Switch, Xenopsd, Xapi];

    /// <summary>Starts the machine and its daemons in order.</summary>
    public async Task StartAsync(CancellationToken cancellation)
    {
        foreach (var daemon in Daemons)
        {
            await daemon.StartAsync(cancellation);
        }
    }

    /// <summary>Pulls the plug: the machine, its guests and all daemons die at once and stay dead.</summary>
    public Task PowerOffAsync() => Task.WhenAll(Daemons.Select(daemon => daemon.HoldDeadAsync()));

    /// <summary>Stops the daemons in reverse order; true when every one that ran ended by itself with status 0.</summary>
    public async Task<bool> StopAsync()
    {
        var clean = true;
        foreach (var daemon in Daemons.Reverse())
        {
            var ran = daemon.Running;
            clean &= await daemon.StopAsync() == 0 || !ran;
        }

        return clean;
    }

    public void Dispose()
    {
        foreach (var daemon in Daemons)
        {
            daemon.Dispose();
        }
    }
}
