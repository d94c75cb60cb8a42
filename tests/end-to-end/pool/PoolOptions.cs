namespace Toolstack.EndToEnd.Pool;

/// <summary>What a development pool looks like. Every host has its own loopback address: <see cref="AddressPrefix"/> and its number.</summary>
public sealed record PoolOptions
{
    /// <summary>Hosts of the pool; number 1 is the coordinator.</summary>
    public int Hosts { get; init; } = 2;

    /// <summary>The hosts do not begin as one pool: each is its own coordinator with its own secret, until <see cref="DevelopmentPool.JoinAsync"/>.</summary>
    public bool StandAlone { get; init; }

    /// <summary>TCP port of XenAPI on every host; 0 takes a free one.</summary>
    public int Port { get; init; }

    /// <summary>The first three parts of the hosts' addresses, with the final dot.</summary>
    public string AddressPrefix { get; init; } = "127.0.1.";

    /// <summary>The directory of the native executables.</summary>
    public string Binaries { get; init; } = Environment.GetEnvironmentVariable("TOOLSTACK_BIN") ?? Path.GetFullPath("out/bin");

    /// <summary>Shell variables that describe the pool are written here and kept true; null writes none.</summary>
    public string? EnvironmentFile { get; init; }

    /// <summary>XenAPI is served over TLS too, and calls between hosts and migrations use that. Each host makes its own certificate, and
    /// trusts in a migration those of <see cref="PoolHost.TrustedCertificates"/>.</summary>
    public bool Tls { get; init; }

    /// <summary>Memory of each simulated host.</summary>
    public int HostMemoryMib { get; init; } = 4096;

    /// <summary>Lines added to each host's xenopsd.conf (<c>key = value</c>).</summary>
    public IReadOnlyList<string> XenopsdLines { get; init; } = [];

    /// <summary>Lines added to each host's xapi.conf.</summary>
    public IReadOnlyList<string> XapiLines { get; init; } = [];

    /// <summary>Lines added to the configuration of every daemon of each host.</summary>
    public IReadOnlyList<string> CommonLines { get; init; } = [];

    /// <summary>What stands before a daemon's path and arguments when it is started, given its name and the directory of its host: a program
    /// that becomes it.</summary>
    public Func<string, string, IReadOnlyList<string>> Launch { get; init; } = static (_, _) => [];

    /// <summary>Lines added to each host's xen-simulator.conf, by the host's number.</summary>
    public Func<int, IReadOnlyList<string>> SimulatorLines { get; init; } = static _ => [];

    /// <summary>Receives one line for each thing that happens.</summary>
    public Action<string> Report { get; init; } = _ => { };
}
