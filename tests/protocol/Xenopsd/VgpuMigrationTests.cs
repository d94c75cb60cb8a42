using System.Collections.Immutable;
using System.Net.Sockets;
using System.Text;
using Toolstack.Xenopsd.Contract;
using Xunit;

namespace Toolstack.Tests.Xenopsd;

/// <summary>What a VM's graphics cards hold goes where its memory goes: over a connection of its own, or into the image.</summary>
public sealed class VgpuMigrationTests
{
    private static readonly PciAddress Here = new() { bus = 0x81 };
    private static readonly PciAddress There = new() { bus = 0x82 };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AVmMovesWithWhatItsCardsHold(bool compress)
    {
        await using var source = await TestHost.StartAsync();
        await using var destination = await TestHost.StartAsync();
        string vm = await RunAsync(source);
        string held = await source.ScriptAsync(vm, "vgpu");
        Assert.StartsWith("0=", held, StringComparison.Ordinal);
        Assert.Contains(" 1=", held, StringComparison.Ordinal);

        await source.EndAsync(await MigrateAsync(source, vm, destination, There, compress));
        await destination.AssertRunsAsync(vm);
        await source.AssertEmptyAsync();
        Assert.Equal(held, await destination.ScriptAsync(vm, "vgpu"));
        var (card, state) = await destination.Service.VgpuStat("test", (vm, "0"), default);
        Assert.Equal((There, Function(There), true), (card.physical_pci_address, card.virtual_pci_address, state.plugged));
        Assert.True((await destination.Service.PciStat("test", (vm, Function(There).ToString()), default)).state.plugged);

        // And back: the function that came keeps the VM as little as the one it had.
        await destination.EndAsync(await MigrateAsync(destination, vm, source, Here, compress));
        Assert.Equal(held, await source.ScriptAsync(vm, "vgpu"));
    }

    /// <summary>VMs with such shares take turns, and source and destination are one VM.</summary>
    [Fact]
    public async Task AVmWithASharedCardMovesWithinItsHostInOneTurn()
    {
        await using var host = await TestHost.StartAsync();
        string vm = await RunAsync(host, new VgpuImplementation.MxGPU(new MxGpu()));
        string held = await host.ScriptAsync(vm, "vgpu");
        string task = await MigrateAsync(host, vm, host, There, compress: false);
        string behind = await host.Service.VmPause("test", vm, default);
        await host.EndAsync(task);
        await host.EndAsync(behind);
        await host.EndAsync(await host.Service.VmUnpause("test", vm, default));
        await host.AssertRunsAsync(vm);
        Assert.Equal(held, await host.ScriptAsync(vm, "vgpu"));
        Assert.Equal([vm], host.Engine.Store.Ids);
        Assert.Equal([vm], host.Engine.Backend.ListDomains());
    }

    /// <summary>The first word of the destination is lost, what follows the header of the state, or a part of it.</summary>
    [Theory]
    [InlineData(null, 0)]
    [InlineData(16, null)]
    [InlineData(500, null)]
    public async Task AVmWhoseCardsDoNotArriveStays(int? fromSource, int? fromDestination)
    {
        await using var source = await TestHost.StartAsync();
        await using var destination = await TestHost.StartAsync(cut: new Cut("vgpu", fromSource, fromDestination));
        string vm = await RunAsync(source);
        string held = await source.ScriptAsync(vm, "vgpu");
        await source.FailureAsync(await MigrateAsync(source, vm, destination, There, compress: false));
        await source.AssertRunsAsync(vm);
        await destination.AssertEmptyAsync();
        Assert.Equal(held, await source.ScriptAsync(vm, "vgpu"));
    }

    [Fact]
    public async Task AConnectionOfAnotherProtocolIsRefused()
    {
        await using var host = await TestHost.StartAsync();
        Assert.IsType<XenopsErrorValue.Unimplemented>(await RefusalAsync(host, "dbg=x"));
    }

    [Fact]
    public async Task ASuspendImageHoldsWhatTheCardsHold()
    {
        await using var host = await TestHost.StartAsync();
        string vm = await RunAsync(host);
        string held = await host.ScriptAsync(vm, "vgpu");
        string path = Path.GetTempFileName();
        try
        {
            await host.EndAsync(await host.Service.VmSuspend("test", vm, new Disk.Local(path), default));
            Assert.Equal(PowerState.Suspended, await host.PowerStateAsync(vm));
            await host.EndAsync(await host.Service.VmResume("test", vm, new Disk.Local(path), default));
            await host.EndAsync(await host.Service.VmUnpause("test", vm, default));
            await host.AssertRunsAsync(vm);
            Assert.Equal(held, await host.ScriptAsync(vm, "vgpu"));
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static PciAddress Function(PciAddress card) => card with { fn = 4 };

    /// <summary>A VM with two cards, the first of them on a virtual function.</summary>
    private static async Task<string> RunAsync(TestHost host, VgpuImplementation? second = null)
    {
        string id = Guid.NewGuid().ToString();
        await host.Service.VmAdd("test", TestHost.MakeVm(id), default);
        await host.Service.PciAdd("test", new Pci { id = (id, Function(Here).ToString()), address = Function(Here) }, default);
        await host.Service.VgpuAdd(
            "test",
            new Vgpu { id = (id, "0"), physical_pci_address = Here, virtual_pci_address = Function(Here), implementation = new VgpuImplementation.Nvidia(new NvidiaGpu()) },
            default);
        await host.Service.VgpuAdd("test", new Vgpu { id = (id, "1"), position = 1, physical_pci_address = Here, implementation = second ?? new VgpuImplementation.GVT_g(new GvtGpu()) }, default);
        await host.EndAsync(await host.Service.VmStart("test", id, false, default));
        await host.EndAsync(await host.Service.VmUnpause("test", id, default));
        return id;
    }

    private static Task<string> MigrateAsync(TestHost from, string vm, TestHost to, PciAddress card, bool compress) => from.Service.VmMigrate(
        "test", vm, ImmutableSortedDictionary<string, string>.Empty, ImmutableSortedDictionary<string, Network>.Empty,
        ImmutableSortedDictionary<string, PciAddress>.Empty.Add("0", card).Add("1", card).Add("vf:0", Function(card)),
        to.Xapi.Url, compress, false, false, CancellationToken.None);

    private static async Task<XenopsErrorValue> RefusalAsync(TestHost host, string cookies)
    {
        var url = new Uri(host.Xapi.Url);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(url.Host, url.Port);
        await socket.SendAsync(Encoding.ASCII.GetBytes($"PUT /services/xenops/migrate/vgpu/{Guid.NewGuid()}.0 HTTP/1.1\r\nCookie: {cookies}\r\n\r\n"));
        using var stream = new NetworkStream(socket);
        var error = await Assert.ThrowsAsync<XenopsError>(() => Toolstack.Xenopsd.Migration.Handshake.ExpectSuccessAsync(stream, "an answer", TimeSpan.FromSeconds(100), default));
        return error.Value;
    }
}
