using System.Net;
using System.Net.Sockets;
using Toolstack.Tests.Simulator;
using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Backends.Domains;
using Toolstack.Xenopsd.Migration.Channels;
using Toolstack.Xenopsd.Migration.Stream;

namespace Toolstack.Tests.Migration;

/// <summary>Two simulated hosts and one TCP connection between them, all in this process.</summary>
internal sealed class MigrationPair : IAsyncDisposable
{
    public const string Vm = "5f3b1f2e-0000-4000-8000-000000000001";

    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    private MigrationPair(SimulatedMachine[] machines, DomainBackend source, DomainBackend target, TimeSpan silence)
    {
        Machines = machines;
        (Source, Target) = (source, target);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(1);
        OutSocket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        OutSocket.Connect(_listener.LocalEndPoint!);
        InSocket = _listener.Accept();
        Out = new SocketChannel(OutSocket, silence);
        In = new SocketChannel(InSocket, silence);
    }

    /// <summary>The source's machine and the target's.</summary>
    public SimulatedMachine[] Machines { get; }

    public DomainBackend Source { get; }

    public DomainBackend Target { get; }

    public Socket OutSocket { get; }

    public Socket InSocket { get; }

    public SocketChannel Out { get; }

    public SocketChannel In { get; }

    public static async Task<MigrationPair> OpenAsync(DomainOptions? options = null, TimeSpan? silence = null)
    {
        SimulatedMachine[] machines = [new(), new()];
        return new MigrationPair(
            machines, await machines[0].OpenBackendAsync(options), await machines[1].OpenBackendAsync(options), silence ?? StreamLimits.DefaultSilenceDeadline);
    }

    /// <summary>What the guest's memory on the source is like, whether it runs or not.</summary>
    public Task<GuestReport> AtSourceAsync() => GuestReport.OfAsync(Machines[0], Source);

    public Task<GuestReport> AtTargetAsync() => GuestReport.OfAsync(Machines[1], Target);

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
        foreach (var machine in Machines)
        {
            await machine.DisposeAsync();
        }
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
    public static async Task<GuestReport> OfAsync(SimulatedMachine machine, DomainBackend host)
    {
        var answer = await machine.InspectAsync(host.GetStatus(MigrationPair.Vm)!.Domid, "verify-memory");
        var fields = answer.Split(' ').Select(f => f.Split('=')).ToDictionary(f => f[0], f => f[1]);
        return new GuestReport(
            ulong.Parse(fields["counter"]),
            long.Parse(fields["pages"]),
            long.Parse(fields["errors"]),
            double.Parse(fields["longest-pause-ms"]),
            fields["checksum"]);
    }
}
