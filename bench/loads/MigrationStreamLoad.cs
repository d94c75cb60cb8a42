using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Toolstack.Interop.Linux;
using Toolstack.XenSimulator;
using Toolstack.XenSimulator.Contract;
using Toolstack.XenSimulator.Host;
using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Backends.Simulator;
using Toolstack.Xenopsd.Migration.Channels;
using Toolstack.Xenopsd.Migration.Stream;

namespace Toolstack.Bench.Loads;

/// <summary>
/// The migration engines alone: one idle guest whose every frame holds data, saved and restored over loopback inside this
/// process, against the TCP floor. Rounds of both alternate and the best of each counts, because a busy machine disturbs
/// single rounds. The floor moves the same block again and again, while the engines fill memory the kernel has yet to find: so
/// there is a second floor, the same loop with memory of that kind at both ends.
/// </summary>
internal static class MigrationStreamLoad
{
    private const int GuestMib = 512;
    private const int Rounds = 5;
    private const long Bytes = (long)GuestMib << 20;

    internal static async Task RunAsync(TextWriter output, CancellationToken cancellation)
    {
        var best = 0.0;
        var floor = 0.0;
        var fresh = 0.0;
        var downtime = TimeSpan.MaxValue;
        for (var round = 0; round < Rounds; round++)
        {
            var statistics = await MigrateAsync(cancellation);
            best = Math.Max(best, statistics.BytesSent / 1048576.0 / statistics.Duration.TotalSeconds);
            downtime = statistics.Downtime < downtime ? statistics.Downtime : downtime;
            floor = Math.Max(floor, await TcpFloor.MibPerSecondAsync(GuestMib, cancellation));
            fresh = Math.Max(fresh, await FreshMemoryFloorAsync(cancellation));
        }

        await output.WriteLineAsync($"migration engines: {best:0} MiB/s ({GuestMib} MiB guest, best of {Rounds}), TCP over loopback "
            + $"{floor:0} MiB/s, ratio {best / floor:0.00}; into fresh memory {fresh:0} MiB/s, ratio {best / fresh:0.00}; shortest suspension {downtime.TotalMilliseconds:0.0} ms");
    }

    private static async Task<double> FreshMemoryFloorAsync(CancellationToken cancellation)
    {
        const int blockBytes = 1 << 20;
        using var from = SharedMemory.Create("floor", (long)GuestMib << 20);
        from.Bytes(0, GuestMib << 20).Fill(1);
        using var into = SharedMemory.Create("floor", (long)GuestMib << 20);
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        using TcpClient sender = new();
        await sender.ConnectAsync((IPEndPoint)listener.LocalEndpoint, cancellation);
        using var receiver = await listener.AcceptTcpClientAsync(cancellation);
        var clock = Stopwatch.StartNew();
        var sending = Task.Run(
            () =>
            {
                for (var block = 0; block < GuestMib; block++)
                {
                    sender.Client.Send(from.Bytes((long)block * blockBytes, blockBytes));
                }
            },
            cancellation);
        for (var received = 0L; received < into.Length;)
        {
            received += receiver.Client.Receive(into.Bytes(received, (int)Math.Min(blockBytes, into.Length - received)));
        }

        await sending;
        return GuestMib / clock.Elapsed.TotalSeconds;
    }

    private static async Task<SaveStatistics> MigrateAsync(CancellationToken cancellation)
    {
        var directory = Directory.CreateTempSubdirectory("bench-").FullName;
        try
        {
            await using var from = new SimulatorInstance(Path.Combine(directory, "1"), Host(directory, 1), NullLogger.Instance);
            await using var to = new SimulatorInstance(Path.Combine(directory, "2"), Host(directory, 2), NullLogger.Instance);
            await using var source = new SimulatedHypervisor(Path.Combine(directory, "1"));
            await using var target = new SimulatedHypervisor(Path.Combine(directory, "2"));
            var domid = Create(source);
            await source.BuildAsync(domid, new GuestImage(GuestKind.Pvh, "", "", null, Bytes, Bytes, 1, 2, 1, null), cancellation);
            source.Unpause(domid);
            using var sent = source.OpenSource(domid, "()", () => source.ShutDown(domid, ShutdownReason.Suspend));
            using var filled = target.OpenTarget(Create(target), 1, 2);
            return await CopyAsync(sent, filled, cancellation);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static HostOptions Host(string directory, int number) => new(2 * Bytes, 2, Path.Combine(directory, $"{number}.xenstore"));

    private static int Create(SimulatedHypervisor host)
    {
        Dictionary<string, string> platform = new() { [GuestKeys.DirtyRate] = "0", [GuestKeys.WorkingSet] = $"{GuestMib}" };
        var domid = host.Create(new NewDomain(Guid.NewGuid(), GuestKind.Pvh, 1, 64, true, false, platform));
        host.SetMaxMemory(domid, Bytes);
        return domid;
    }

    private static async Task<SaveStatistics> CopyAsync(ISaveSource source, IRestoreTarget target, CancellationToken cancellation)
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        using TcpClient sender = new();
        await sender.ConnectAsync((IPEndPoint)listener.LocalEndpoint, cancellation);
        using var receiver = await listener.AcceptTcpClientAsync(cancellation);
        IProgress<double> progress = new Progress<double>();
        var options = SaveOptions.Default with { PeerTakesZeroRecords = true };
        using SocketChannel @in = new(receiver.Client, options.SilenceDeadline);
        using SocketChannel @out = new(sender.Client, options.SilenceDeadline);
        var restore = Task.Run(() => RestoreEngine.Run(target, @in, progress, cancellation), cancellation);
        var statistics = await Task.Run(() => SaveEngine.Run(source, @out, options, _ => Task.CompletedTask, progress, cancellation), cancellation);
        await restore;
        return statistics;
    }
}
