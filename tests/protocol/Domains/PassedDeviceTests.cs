using Toolstack.Interop.Linux;
using Toolstack.Xenopsd.Backends.Domains;
using Toolstack.Xenopsd.Contract;
using Xunit;
using static Toolstack.Tests.Domains.DomainHost;

namespace Toolstack.Tests.Domains;

/// <summary>Devices of the host that a domain gets for itself: PCI functions, USB devices, shares of graphics cards.</summary>
public sealed class PassedDeviceTests : IDisposable
{
    private static readonly PciAddress Card = new() { bus = 3 };

    private readonly string bus = Directory.CreateTempSubdirectory("pci-").FullName;

    public void Dispose() => Directory.Delete(bus, recursive: true);

    /// <summary>The kernel lets go of the function, nobody can have it meanwhile, and it is reset before it is the host's again.</summary>
    [Fact]
    public async Task AFunctionGoesByPcibackAndQuarantineAndComesBackReset()
    {
        await using var host = await StartAsync(options: new DomainOptions
        {
            KeepFreeKib = 0, RunHotplugScripts = false, BackEndOpensFiles = true, PciPath = bus, QuarantinesPci = true,
        });
        string first = await host.RunAsync();
        string second = await host.RunAsync();
        Assert.IsType<XenopsErrorValue.PCIBack_not_loaded>((await Assert.ThrowsAsync<XenopsError>(() => host.Devices.PlugPciAsync(Of(first), true, default))).Value);
        Directory.CreateDirectory(Path.Combine(bus, "drivers/pciback"));
        Assert.Contains("there is no PCI device", (await Assert.ThrowsAsync<XenopsError>(() => host.Devices.PlugPciAsync(Of(first), true, default))).Message, StringComparison.Ordinal);
        Directory.CreateDirectory(Path.Combine(bus, "drivers/nic"));
        Directory.CreateDirectory(Path.Combine(bus, "devices/0000:03:00.0"));
        File.CreateSymbolicLink(Path.Combine(bus, "devices/0000:03:00.0/driver"), Path.Combine(bus, "drivers/nic"));

        await host.Devices.PlugPciAsync(Of(first), true, default);
        Assert.Equal(("0000:03:00.0", "0000:03:00.0", "0000:03:00.0"), (Read("drivers/nic/unbind"), Read("drivers/pciback/new_slot"), Read("drivers/pciback/bind")));
        Assert.True((await host.Devices.GetPciStateAsync(Of(first), default)).plugged);
        await Assert.ThrowsAsync<HypervisorError>(() => host.Devices.PlugPciAsync(Of(second), true, default));
        await Assert.ThrowsAsync<XenopsError>(() => host.Devices.AssertCanSaveAsync(first, default));

        // A new process knows the device by xenstore alone.
        await host.RestartAsync();
        await Assert.ThrowsAsync<XenopsError>(() => host.Devices.AssertCanSaveAsync(first, default));
        await host.Backend.DestroyAsync(first, default);
        Assert.Equal("1", Read("devices/0000:03:00.0/reset"));
        await host.Devices.PlugPciAsync(Of(second), true, default);
        await host.Backend.DestroyAsync(second, default);

        string Read(string path) => File.ReadAllText(Path.Combine(bus, path));
    }

    /// <summary>All functions of a PV guest are on one bus of xenbus. Before it runs nobody is waited for; later both drivers look at the bus anew.</summary>
    [Fact]
    public async Task FunctionsOfAPvGuestAreOnTheBusOfItsDrivers()
    {
        await using var host = await StartAsync();
        var config = Config(NewId(), 16);
        var pv = new BuilderInfo.PV(new PvInfo { boot = new PvBoot.Direct(new DirectBoot { kernel = "/boot/guest" }) });
        config = config with { Description = config.Description! with { Vm = config.Description.Vm with { ty = pv } } };
        await host.Backend.CreateAsync(config, default);
        await host.Backend.BuildAsync(config.VmId, default);
        string bus = $"/local/domain/0/backend/pci/{host.Domid(config.VmId)}/0";
        string guest = $"/local/domain/{host.Domid(config.VmId)}/device/pci/0";

        await host.Devices.PlugPciAsync(Of(config.VmId) with { msitranslate = true }, true, default);
        await host.Devices.PlugPciAsync(Of(config.VmId, 4), true, default);
        Assert.Equal([bus, "0", "1"], await ReadAllAsync($"{guest}/backend", $"{guest}/backend-id", $"{guest}/state"));
        Assert.Equal([guest, "1", "1", "2"], await ReadAllAsync($"{bus}/frontend", $"{bus}/online", $"{bus}/state", $"{bus}/num_devs"));
        Assert.Equal(["0000:03:00.0", "0000:03:00.0", "msitranslate=1,power_mgmt=0,permissive=0", "1"],
            await ReadAllAsync($"{bus}/key-0", $"{bus}/dev-0", $"{bus}/opts-0", $"{bus}/state-0"));
        Assert.Equal(["0000:04:00.0", "1"], await ReadAllAsync($"{bus}/dev-1", $"{bus}/state-1"));
        Assert.True((await host.Devices.GetPciStateAsync(Of(config.VmId, 4), default)).plugged);
        Assert.False((await host.Devices.GetPciStateAsync(Of(config.VmId, 5), default)).plugged);
        await Assert.ThrowsAsync<XenopsError>(() => host.Devices.AssertCanSaveAsync(config.VmId, default));

        // The drivers have met; what comes now they have to agree on.
        await host.Store.WriteAsync($"{bus}/state", "4", default);
        var plugging = host.Devices.PlugPciAsync(Of(config.VmId, 5), true, default);
        await Eventually(async () => await host.ReadAsync($"{bus}/state") == "7");
        Assert.False(plugging.IsCompleted);
        Assert.Equal(["0000:05:00.0", "3"], await ReadAllAsync($"{bus}/dev-2", $"{bus}/num_devs"));
        await host.Store.WriteAsync($"{bus}/state", "8", default);
        await host.Store.WriteAsync($"{bus}/state", "4", default);
        await plugging;

        await host.Backend.DestroyAsync(config.VmId, default);
        Assert.Empty(await host.NodesAsync("/local/domain/0/backend/pci"));
        for (byte card = 3; card < 6; card++)
        {
            Assert.Throws<HypervisorError>(() => host.Hypervisor.DeassignDevice(1, Of(config.VmId, card).address));
        }

        async Task<string?[]> ReadAllAsync(params string[] paths) => await Task.WhenAll(paths.Select(host.ReadAsync));
    }

    [Fact]
    public async Task AFunctionLeavesItsQuarantine()
    {
        await using var host = await StartAsync();
        host.Hypervisor.AssignDevice(Toolstack.Xenopsd.Backends.IHypervisor.QuarantineDomid, Card);
        await host.Devices.DequarantinePciAsync(Card, default);
        await host.Devices.DequarantinePciAsync(Card, default);
        Assert.Throws<HypervisorError>(() => host.Hypervisor.DeassignDevice(Toolstack.Xenopsd.Backends.IHypervisor.QuarantineDomid, Card));
    }

    [Fact]
    public async Task AUsbDeviceIsOneDomainsAtATime()
    {
        await using var host = await StartAsync();
        string first = await host.RunAsync();
        string second = await host.RunAsync();
        Vusb usb = new() { id = (first, "usb1"), hostbus = "1", hostport = "2", path = "1-2" };
        Assert.False((await host.Devices.GetVusbStateAsync(usb, default)).plugged);
        await host.Devices.PlugVusbAsync(usb, default);
        Assert.True((await host.Devices.GetVusbStateAsync(usb, default)).plugged);
        Assert.IsType<XenopsErrorValue.Device_is_connected>((await Assert.ThrowsAsync<XenopsError>(() => host.Devices.PlugVusbAsync(usb, default))).Value);
        await Assert.ThrowsAsync<HypervisorError>(() => host.Devices.PlugVusbAsync(usb with { id = (second, "usb1") }, default));
        await host.Devices.UnplugVusbAsync(usb, default);
        await host.Devices.UnplugVusbAsync(usb, default);
        await host.Devices.PlugVusbAsync(usb with { id = (second, "usb1") }, default);
        await host.Backend.DestroyAsync(second, default);
        await host.Devices.PlugVusbAsync(usb, default);
    }

    [Fact]
    public async Task ACardIsStartedOnceAndSeen()
    {
        await using var host = await StartAsync();
        string vm = await host.RunAsync();
        Vgpu card = new() { id = (vm, "0"), physical_pci_address = Card, implementation = new VgpuImplementation.MxGPU(new MxGpu { vgpus_per_pgpu = 4 }) };
        Vgpu empty = new() { id = (vm, "1") };
        await host.Devices.SetActiveAsync(new DynamicId.Vgpu(vm, "0"), true, default);
        Assert.Equal(new VgpuState { active = true }, await host.Devices.GetVgpuStateAsync(card, default));
        await host.Devices.StartVgpusAsync(vm, [card, empty], true, default);
        await host.Devices.StartVgpusAsync(vm, [card, empty], false, default);
        Assert.Equal(new VgpuState { active = true, plugged = true }, await host.Devices.GetVgpuStateAsync(card, default));
        Assert.False((await host.Devices.GetVgpuStateAsync(empty, default)).plugged);
    }

    private static Pci Of(string vm, byte bus = 3) => new() { id = (vm, $"0000:{bus:x2}:00.0"), position = bus, address = Card with { bus = bus } };
}
