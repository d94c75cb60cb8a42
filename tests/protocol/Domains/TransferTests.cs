using System.Net;
using System.Net.Sockets;
using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Migration.Channels;
using Toolstack.Xenopsd.Migration.Stream;
using Xunit;
using static Toolstack.Tests.Domains.DomainHost;
using ShutdownReason = Toolstack.Xenopsd.Backends.ShutdownReason;

namespace Toolstack.Tests.Domains;

/// <summary>Guests that go from one domain to another.</summary>
public class TransferTests
{
    [Fact]
    public async Task A_guest_goes_on_in_another_host()
    {
        await using var source = await StartAsync();
        await using var target = await StartAsync();
        using var pair = Connect();
        var config = Config(NewId(), 32, ("sim-dirty-pages-per-s", "20000"));
        string vm = await source.RunAsync(config);
        await Eventually(async () => await source.CounterAsync(vm) > 0);
        await target.Backend.CreateAsync(config with { Restores = true }, default);
        Assert.Equal(DomainAction.Poweroff, await target.Devices.GetActionRequestAsync(vm, default));

        var restore = target.Backend.RestoreAsync(vm, pair.In, Nobody.Instance, default);
        await source.Backend.SaveAsync(vm, SaveOptions.Default with { Live = true }, pair.Out, static _ => Task.CompletedTask, Nobody.Instance, default);
        await restore;
        Assert.Equal(ShutdownReason.Suspend, source.Backend.GetStatus(vm)!.ShutdownReason);
        Assert.True(target.Backend.GetStatus(vm)!.Paused);
        await target.Backend.UnpauseAsync(vm, default);
        Assert.Contains(" errors=0 ", await target.ScriptAsync(vm, "verify-memory"), StringComparison.Ordinal);
        ulong counter = await target.CounterAsync(vm);
        await Eventually(async () => await target.CounterAsync(vm) > counter);
        Assert.True(await target.Backend.RequestShutdownAsync(vm, ShutdownReason.Poweroff, TimeSpan.FromSeconds(30), default));
        Assert.True(await target.Backend.WaitShutdownAsync(vm, ShutdownReason.Poweroff, TimeSpan.FromSeconds(30), default));
        await source.Backend.DestroyAsync(vm, default);
        Assert.Empty(source.Backend.ListDomains());
    }

    [Fact]
    public async Task A_failed_save_leaves_the_guest_running_or_to_be_resumed()
    {
        await using var host = await StartAsync();
        string vm = await host.RunAsync();
        using var pair = Connect();
        var drained = pair.DrainAsync();
        var called = await Assert.ThrowsAsync<XenopsError>(() => host.Backend.SaveAsync(
            vm, SaveOptions.Default with { Live = true }, pair.Out, static _ => throw new XenopsError(new XenopsErrorValue.Cancelled("1")), Nobody.Instance, default));
        Assert.IsType<XenopsErrorValue.Cancelled>(called.Value);
        pair.Out.End();
        await drained;
        Assert.Null(host.Backend.GetStatus(vm)!.ShutdownReason);
        Assert.Contains(" errors=0 ", await host.ScriptAsync(vm, "verify-memory"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_destroy_ends_a_restore_that_hears_nothing()
    {
        await using var host = await StartAsync();
        var before = await host.NodesAsync("/");
        string vm = NewId();
        using var pair = Connect();
        await host.Backend.CreateAsync(Config(vm, 16) with { Restores = true }, default);
        var restore = host.Backend.RestoreAsync(vm, pair.In, Nobody.Instance, default);
        await host.Backend.DestroyAsync(vm, default);
        await Assert.ThrowsAnyAsync<Exception>(() => restore);
        Assert.Equal(before, await host.NodesAsync("/"));
    }

    [Fact]
    public async Task What_is_not_there_is_not_saved_and_what_is_there_not_filled()
    {
        await using var host = await StartAsync();
        using var pair = Connect();
        string empty = NewId();
        await host.Backend.CreateAsync(Config(empty, 16), default);
        var unbuilt = await Assert.ThrowsAsync<XenopsError>(
            () => host.Backend.SaveAsync(empty, SaveOptions.Default, pair.Out, static _ => Task.CompletedTask, Nobody.Instance, default));
        Assert.IsType<XenopsErrorValue.Domain_not_built>(unbuilt.Value);
        string running = await host.RunAsync();
        await Assert.ThrowsAsync<XenopsError>(() => host.Backend.RestoreAsync(running, pair.In, Nobody.Instance, default));
        await Assert.ThrowsAsync<XenopsError>(() => host.Backend.BuildAsync(running, default));
    }

    private static Pair Connect()
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        Socket there = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        there.Connect(listener.LocalEndPoint!);
        return new Pair(there, listener.Accept());
    }

    private sealed class Pair(Socket there, Socket here) : IDisposable
    {
        internal SocketChannel Out { get; } = new(there, StreamLimits.DefaultSilenceDeadline);

        internal SocketChannel In { get; } = new(here, StreamLimits.DefaultSilenceDeadline);

        /// <summary>Takes what is sent until its end.</summary>
        internal async Task DrainAsync()
        {
            byte[] buffer = new byte[65536];
            while (await here.ReceiveAsync(buffer) > 0)
            {
            }
        }

        public void Dispose()
        {
            Out.Dispose();
            In.Dispose();
            there.Dispose();
            here.Dispose();
        }
    }

    private sealed class Nobody : IProgress<double>
    {
        internal static readonly Nobody Instance = new();

        public void Report(double value)
        {
        }
    }
}
