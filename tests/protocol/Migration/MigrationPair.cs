using System.Net;
using System.Net.Sockets;
using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Backends.Simulator;
using Toolstack.Xenopsd.Migration.Channels;
using Toolstack.Xenopsd.Migration.Stream;

namespace Toolstack.Tests.Migration;

/// <summary>Two simulated hosts and one TCP connection between them, all in this process.</summary>
internal sealed class MigrationPair : IAsyncDisposable
{
    public const string Vm = "5f3b1f2e-0000-4000-8000-000000000001";

    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public MigrationPair(SimulatorOptions? options = null, TimeSpan? silence = null)
    {
        Source = new SimulatorBackend(options ?? new SimulatorOptions());
        Target = new SimulatorBackend(options ?? new SimulatorOptions());
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(1);
        OutSocket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        OutSocket.Connect(_listener.LocalEndPoint!);
        InSocket = _listener.Accept();
        Out = new SocketChannel(OutSocket, silence ?? StreamLimits.DefaultSilenceDeadline);
        In = new SocketChannel(InSocket, silence ?? StreamLimits.DefaultSilenceDeadline);
    }

    public SimulatorBackend Source { get; }

    public SimulatorBackend Target { get; }

    public Socket OutSocket { get; }

    public Socket InSocket { get; }

    public SocketChannel Out { get; }

    public SocketChannel In { get; }

    public static DomainConfig Config(long mib, int vcpus = 1, params (string Key, string Value)[] platform) => new(
        Vm, "test (quoted \"name\")", mib << 20, mib << 20, mib << 20, vcpus, vcpus, platform.ToDictionary(p => p.Key, p => p.Value), null);

    public static SaveOptions Options(bool zeros = true, bool live = true) => SaveOptions.Default with { PeerTakesZeroRecords = zeros, Live = live };

    public static Task Nothing(CancellationToken cancel) => Task.CompletedTask;

    /// <summary>A running guest on the source and an empty domain on the target.</summary>
    public async Task StartAsync(DomainConfig config)
    {
        await Source.CreateAsync(config, default);
        await Source.BuildAsync(Vm, default);
        await Source.UnpauseAsync(Vm, default);
        await Target.CreateAsync(config, default);
    }

    public async Task<SaveStatistics> MigrateAsync(SaveOptions options)
    {
        var restore = Target.RestoreAsync(Vm, In, new Progress(), default);
        var statistics = await Source.SaveAsync(Vm, options, Out, Nothing, new Progress(), default);
        await restore;
        return statistics;
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        Out.Dispose();
        In.Dispose();
        OutSocket.Dispose();
        InSocket.Dispose();
        await Source.DisposeAsync();
        await Target.DisposeAsync();
    }

    /// <summary>Keeps what was reported, in order, on the reporting thread.</summary>
    internal sealed class Progress : IProgress<double>
    {
        private readonly List<double> _values = [];

        public IReadOnlyList<double> Values
        {
            get
            {
                lock (_values)
                {
                    return [.. _values];
                }
            }
        }

        public void Report(double value)
        {
            lock (_values)
            {
                _values.Add(value);
            }
        }
    }
}

/// <summary>The answer of <c>verify-memory</c>.</summary>
internal sealed record GuestReport(ulong Counter, long Pages, long Errors, double LongestPauseMs, string Checksum)
{
    public static async Task<GuestReport> OfAsync(SimulatorBackend host)
    {
        var answer = await host.RunScriptAsync(MigrationPair.Vm, "verify-memory", default);
        var fields = answer.Split(' ').Select(f => f.Split('=')).ToDictionary(f => f[0], f => f[1]);
        return new GuestReport(
            ulong.Parse(fields["counter"]),
            long.Parse(fields["pages"]),
            long.Parse(fields["errors"]),
            double.Parse(fields["longest-pause-ms"]),
            fields["checksum"]);
    }
}
