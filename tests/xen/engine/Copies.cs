using System.Diagnostics;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Toolstack.Interop.Xen.Guests;
using Toolstack.Interop.Xen.Memory;
using Toolstack.Interop.Xen.Xenstore;
using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Backends.Domains;
using Toolstack.Xenopsd.Backends.Xen;
using Toolstack.Xenopsd.Backends.Xen.Migration;
using Toolstack.Xenopsd.Migration.Channels;
using Toolstack.Xenopsd.Migration.Stream;

namespace Toolstack.Tests.Xen.Engine;

/// <summary>The engine's copies, of guests that anybody may have started.</summary>
internal static class Copies
{
    public const string Builder = "/usr/libexec/xapi-toolstack/xen-domain-builder";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    public static async Task SaveAsync(int domid, string image, bool live)
    {
        await using var xen = XenHypervisor.Open(Builder);
        await using var store = await XenstoreClient.ConnectAsync(xen.XenstorePath, null, CancellationToken.None);
        await File.WriteAllBytesAsync(image, []);
        var guest = XenGuest.Open(domid);
        using var channel = FileChannel.OpenWrite(image);
        using var source = Open(guest, () => Suspend(xen, store, domid));
        Console.WriteLine($"{guest.Facts()}");
        BenchPlan.Describe(Run(source, channel, SaveOptions.Default with { Live = live }));
    }

    /// <summary>Breaks off when the guest is suspended already, and lets it go on.</summary>
    public static async Task FailAsync(int domid)
    {
        await using var xen = XenHypervisor.Open(Builder);
        await using var store = await XenstoreClient.ConnectAsync(xen.XenstorePath, null, CancellationToken.None);
        var (sender, receiver) = Pair();
        using (sender)
        using (receiver)
        {
            var reading = Task.Run(() => Drain(receiver));
            using SocketChannel channel = new(sender, Patience);
            using (var source = Open(XenGuest.Open(domid), () =>
            {
                Suspend(xen, store, domid);
                channel.End();
            }))
            {
                try
                {
                    Run(source, channel, SaveOptions.Default);
                    throw new IOException("the copy did not fail");
                }
                catch (Interop.Linux.HypervisorError error)
                {
                    Console.WriteLine($"broken off: {error.Message}");
                }
            }

            await reading;
        }

        // The server of xenstore tells of the end of a domain once, unless it learns that this was none.
        var start = Stopwatch.GetTimestamp();
        await store.ResumeAsync(domid, CancellationToken.None);
        xen.ResumeCooperatively(domid);
        Console.WriteLine($"resumed in {Stopwatch.GetElapsedTime(start).TotalMilliseconds:0.0} ms; shut down: {xen.Domain(domid)?.ShutdownCode is not null}");
    }

    public static async Task RestoreAsync(string image, Guest guest)
    {
        await using var backend = await OpenBackendAsync();
        var start = Stopwatch.GetTimestamp();
        var config = guest.Config(restores: true);
        var domid = await backend.CreateAsync(config, CancellationToken.None);
        Console.WriteLine($"domid {domid}");
        using var channel = FileChannel.OpenRead(image);
        var statistics = await backend.RestoreAsync(config.VmId, channel, new Quiet(), CancellationToken.None);
        await backend.UnpauseAsync(config.VmId, CancellationToken.None);
        BenchPlan.Describe(statistics, Stopwatch.GetElapsedTime(start));
    }

    public static async Task MigrateAsync(int domid, Guest guest)
    {
        await using var backend = await OpenBackendAsync();
        await using var xen = XenHypervisor.Open(Builder);
        await using var store = await XenstoreClient.ConnectAsync(xen.XenstorePath, null, CancellationToken.None);
        var start = Stopwatch.GetTimestamp();
        var config = guest.Config(restores: true);
        await backend.CreateAsync(config, CancellationToken.None);
        var (sender, receiver) = Pair();
        long suspending = 0;
        using (sender)
        using (receiver)
        {
            using SocketChannel incoming = new(receiver, Patience);
            var restoring = backend.RestoreAsync(config.VmId, incoming, new Quiet(), CancellationToken.None);
            // Who cannot take the guest hangs up.
            _ = restoring.ContinueWith(_ => receiver.Dispose(), CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            using SocketChannel outgoing = new(sender, Patience);
            using var open = Open(XenGuest.Open(domid), () =>
            {
                suspending = Stopwatch.GetTimestamp();
                Suspend(xen, store, domid);
            });
            var saved = await Task.Factory.StartNew(
                () => Run(open, outgoing, SaveOptions.Default with { PeerTakesZeroRecords = true }),
                CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            var restored = await restoring;
            await backend.UnpauseAsync(config.VmId, CancellationToken.None);
            Console.WriteLine($"migrated in {Stopwatch.GetElapsedTime(start).TotalMilliseconds:0} ms, "
                + $"downtime {Stopwatch.GetElapsedTime(suspending).TotalMilliseconds:0} ms from the request to suspend to running again");
            BenchPlan.Describe(saved);
            BenchPlan.Describe(restored, Stopwatch.GetElapsedTime(start));
        }

        await xen.DestroyAsync(domid, CancellationToken.None);
    }

    private static Task<DomainBackend> OpenBackendAsync() => DomainBackend.OpenAsync(
        XenHypervisor.Open(Builder), new DomainOptions { KeepFreeKib = 0, RunHotplugScripts = false }, NullLogger.Instance, CancellationToken.None);

    private static SaveStatistics Run(IHypervisorSource source, IDataChannel channel, SaveOptions options) =>
        SaveEngine.Run(source, channel, options, static _ => Task.CompletedTask, new Quiet(), CancellationToken.None);

    private static IHypervisorSource Open(XenGuest guest, Action suspend) =>
        guest.Facts().Hvm ? new HvmSource(guest, "((id engine))", suspend) : new PvSource(guest, "((id engine))", suspend);

    /// <summary>Asks the guest by xenstore, as every toolstack does, and waits until Xen says that it is suspended.</summary>
    private static void Suspend(XenHypervisor xen, XenstoreClient store, int domid)
    {
        store.WriteAsync($"/local/domain/{domid}/control/shutdown", "suspend", CancellationToken.None).GetAwaiter().GetResult();
        var deadline = DateTime.UtcNow + Patience;
        while (xen.Domain(domid) is { ShutdownCode: null })
        {
            if (DateTime.UtcNow > deadline)
            {
                throw new IOException($"domain {domid} does not suspend");
            }

            Thread.Sleep(1);
        }
    }

    public static (Socket Sender, Socket Receiver) Pair()
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        listener.Listen(1);
        Socket sender = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        sender.Connect(listener.LocalEndPoint!);
        return (sender, listener.Accept());
    }

    public static void Drain(Socket socket)
    {
        var buffer = new byte[1 << 16];
        while (socket.Receive(buffer) > 0)
        {
            // Nobody wants it.
        }
    }

    private sealed class Quiet : IProgress<double>
    {
        public void Report(double value)
        {
        }
    }
}
