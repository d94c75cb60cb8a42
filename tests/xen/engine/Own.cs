using System.Diagnostics;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Toolstack.Interop.Xen.Guests;
using Toolstack.Xenopsd.Backends.Domains;
using Toolstack.Xenopsd.Backends.Xen;
using Toolstack.Xenopsd.Migration.Channels;
using Toolstack.Xenopsd.Migration.Stream;

namespace Toolstack.Tests.Xen.Engine;

/// <summary>One guest at a time under the backend of xenopsd, open for as long as xenopsd would have it open.</summary>
internal sealed class Own(DomainBackend backend) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(300);
    private string vmId = "";

    public int Domid { get; private set; }

    public static async Task<Own> OpenAsync() => new(await DomainBackend.OpenAsync(
        XenHypervisor.Open(Copies.Builder), new DomainOptions { KeepFreeKib = 0, RunHotplugScripts = false }, NullLogger.Instance, CancellationToken.None));

    /// <summary>Milliseconds until it is unpaused.</summary>
    public async Task<double> StartAsync(Guest guest)
    {
        var start = Stopwatch.GetTimestamp();
        await CreateAsync(guest, restores: false);
        await backend.BuildAsync(vmId, CancellationToken.None);
        await backend.UnpauseAsync(vmId, CancellationToken.None);
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    /// <summary>Into a file; the domain is gone afterwards.</summary>
    public async Task<(SaveStatistics Statistics, double CopiedAt, double Milliseconds)> SaveAsync(string image)
    {
        var start = Stopwatch.GetTimestamp();
        await File.WriteAllBytesAsync(image, []);
        using var channel = FileChannel.OpenWrite(image);
        var statistics = await backend.SaveAsync(
            vmId, SaveOptions.Default with { Live = false }, channel, static _ => Task.CompletedTask, new Progress<double>(), CancellationToken.None);
        var copied = Domains.Now;
        await backend.DestroyAsync(vmId, CancellationToken.None);
        return (statistics, copied, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
    }

    /// <summary>From a file to running.</summary>
    public async Task<(RestoreStatistics Statistics, double Milliseconds)> RestoreAsync(string image, Guest guest)
    {
        var start = Stopwatch.GetTimestamp();
        await CreateAsync(guest, restores: true);
        using var channel = FileChannel.OpenRead(image);
        var statistics = await backend.RestoreAsync(vmId, channel, new Progress<double>(), CancellationToken.None);
        await backend.UnpauseAsync(vmId, CancellationToken.None);
        return (statistics, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
    }

    /// <summary>While it runs into a new domain of this machine.</summary>
    public async Task<(SaveStatistics Sent, RestoreStatistics Received, double Milliseconds)> MigrateAsync(Guest guest)
    {
        var start = Stopwatch.GetTimestamp();
        var former = vmId;
        await CreateAsync(guest, restores: true);
        var (sender, receiver) = Copies.Pair();
        using (sender)
        using (receiver)
        {
            using SocketChannel outgoing = new(sender, Patience);
            using SocketChannel incoming = new(receiver, Patience);
            var receiving = backend.RestoreAsync(vmId, incoming, new Progress<double>(), CancellationToken.None);
            // Who cannot take the guest hangs up.
            _ = receiving.ContinueWith(_ => incoming.End(), CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            var sending = backend.SaveAsync(
                former, SaveOptions.Default with { PeerTakesZeroRecords = true }, outgoing, static _ => Task.CompletedTask, new Progress<double>(),
                CancellationToken.None);
            var received = await receiving;
            await backend.UnpauseAsync(vmId, CancellationToken.None);
            var sent = await sending;
            await backend.DestroyAsync(former, CancellationToken.None);
            return (sent, received, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }
    }

    /// <summary>A live copy whose receiver goes when the guest stands still already: the guest goes on, and nothing records its writes.</summary>
    public async Task BreakAsync()
    {
        var (sender, receiver) = Copies.Pair();
        using (sender)
        using (receiver)
        {
            var draining = Task.Run(() => Copies.Drain(receiver));
            using BreakingChannel channel = new(new SocketChannel(sender, Patience));
            try
            {
                await backend.SaveAsync(
                    vmId, SaveOptions.Default, channel, cancel => Task.Run(channel.BreakSoon, cancel), new Progress<double>(), CancellationToken.None);
                throw new IOException("the copy did not fail");
            }
            catch (Xenopsd.Contract.XenopsError error)
            {
                Console.WriteLine($"broken in the last pass: {error.Message}");
            }

            await draining;
        }

        await backend.ResumeAsync(vmId, CancellationToken.None);
        using var guest = XenGuest.Open(Domid);
        if (!guest.EnableLogDirty())
        {
            throw new IOException("log-dirty mode was left on");
        }

        guest.DisableLogDirty();
    }

    public Task DestroyAsync() => backend.DestroyAsync(vmId, CancellationToken.None);

    public ValueTask DisposeAsync() => backend.DisposeAsync();

    private async Task CreateAsync(Guest guest, bool restores)
    {
        var config = guest.Config(restores);
        Domid = await backend.CreateAsync(config, CancellationToken.None);
        vmId = config.VmId;
    }
}
