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
        Assert.IsType<XenopsErrorValue.PCIBack_not_loaded>((await Assert.ThrowsAsync<XenopsError>(() => host.Devices.PlugPciAsync(Of(first), false, default))).Value);
        Directory.CreateDirectory(Path.Combine(bus, "drivers/pciback"));
        Assert.Contains("there is no PCI device", (await Assert.ThrowsAsync<XenopsError>(() => host.Devices.PlugPciAsync(Of(first), false, default))).Message, StringComparison.Ordinal);
        Directory.CreateDirectory(Path.Combine(bus, "drivers/nic"));
        Directory.CreateDirectory(Path.Combine(bus, "devices/0000:03:00.0"));
        File.CreateSymbolicLink(Path.Combine(bus, "devices/0000:03:00.0/driver"), Path.Combine(bus, "drivers/nic"));

        await host.Devices.PlugPciAsync(Of(first), false, default);
        Assert.Equal(("0000:03:00.0", "0000:03:00.0", "0000:03:00.0"), (Read("drivers/nic/unbind"), Read("drivers/pciback/new_slot"), Read("drivers/pciback/bind")));
        Assert.True((await host.Devices.GetPciStateAsync(Of(first), default)).plugged);
        await Assert.ThrowsAsync<HypervisorError>(() => host.Devices.PlugPciAsync(Of(second), false, default));
        await Assert.ThrowsAsync<XenopsError>(() => host.Devices.AssertCanSaveAsync(first, default));

        // A new process knows the device by xenstore alone.
        await host.RestartAsync();
        await Assert.ThrowsAsync<XenopsError>(() => host.Devices.AssertCanSaveAsync(first, default));
        await host.Backend.DestroyAsync(first, default);
        Assert.Equal("1", Read("devices/0000:03:00.0/reset"));
        await host.Devices.PlugPciAsync(Of(second), false, default);
        await host.Backend.DestroyAsync(second, default);

        string Read(string path) => File.ReadAllText(Path.Combine(bus, path));
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

    private static Pci Of(string vm) => new() { id = (vm, "0000:03:00.0"), address = Card };
}
