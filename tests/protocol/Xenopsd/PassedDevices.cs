using Toolstack.Xenopsd.Contract;
using Xunit;

namespace Toolstack.Tests.Xenopsd;

/// <summary>Devices of the host that a VM has for itself: two shares of graphics cards, the first on a function of its own; and those with which it cannot
/// be saved, another function and a USB device, unless it travels.</summary>
internal sealed record PassedDevices(bool Travels)
{
    private static readonly PciAddress Card = new() { bus = 0x81 };
    private static readonly PciAddress Function = Card with { fn = 4 };
    private static readonly PciAddress Other = new() { bus = 3 };

    /// <summary>To a VM that is halted.</summary>
    internal async Task AddAsync(EngineHost host, string vm)
    {
        await host.Service.PciAdd("test", new Pci { id = (vm, Function.ToString()), address = Function }, default);
        await host.Service.VgpuAdd(
            "test",
            new Vgpu { id = (vm, "0"), physical_pci_address = Card, virtual_pci_address = Function, implementation = new VgpuImplementation.Nvidia(new NvidiaGpu()) },
            default);
        await host.Service.VgpuAdd("test", new Vgpu { id = (vm, "1"), position = 1, physical_pci_address = Card, implementation = new VgpuImplementation.MxGPU(new MxGpu()) }, default);
        if (!Travels)
        {
            await host.Service.PciAdd("test", new Pci { id = (vm, Other.ToString()), position = 1, address = Other }, default);
            await host.Service.VusbAdd("test", new Vusb { id = (vm, "usb1"), path = "1-2" }, default);
        }
    }

    /// <summary>The VM, which runs, has them all.</summary>
    internal static async Task AssertPluggedAsync(EngineHost host, string vm, string when)
    {
        Assert.All(await host.Service.PciList("test", vm, default), d => Assert.True(d.state.plugged, $"{when}: function {d.pci.address}"));
        Assert.All(await host.Service.VgpuList("test", vm, default), d => Assert.True(d.state.plugged, $"{when}: share {d.vgpu.id.device}"));
        Assert.All(await host.Service.VusbList("test", vm, default), d => Assert.True(d.state.plugged, $"{when}: USB device"));
    }
}
