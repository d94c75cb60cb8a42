using Toolstack.EndToEnd.Client;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>Disks and interfaces of VMs: with the VM's life, and plugged while it runs.</summary>
public sealed class DeviceTests(StorageFixture fixture) : DeadlineTests, IClassFixture<StorageFixture>
{
    private const long Mib = 1024 * 1024;

    private XenApiClient Client => fixture.Client;

    [Fact]
    public async Task DisksAreAttachedWhileTheVmRuns()
    {
        var reference = await TestVm.CreateAsync(Client, "disks", 32, 0, Cancel);
        await using var vm = new RunningVm(fixture, reference);
        var vdi = await fixture.CreateDiskAsync(Mib, Cancel);
        var vbd = await fixture.AttachAsync(reference, vdi, "autodetect", Cancel);
        Assert.Equal("0", await Client.TextAsync("VBD.get_userdevice", Cancel, vbd));
        Assert.DoesNotContain("0", (object[])await Client.CallAsync("VM.get_allowed_VBD_devices", Cancel, reference));

        await Client.CallAsync("VM.start", Cancel, reference, false, false);
        Assert.Equal((true, "xvda"), (await IsAttachedAsync(vbd), await Client.TextAsync("VBD.get_device", Cancel, vbd)));
        Assert.Equal("VDI_IN_USE", (await Assert.ThrowsAsync<XenApiFailure>(() => Client.CallAsync("VDI.destroy", Cancel, vdi))).Code);

        await Client.CallAsync("VM.clean_reboot", Cancel, reference);
        Assert.True(await IsAttachedAsync(vbd));

        await Client.CallAsync("VM.hard_shutdown", Cancel, reference);
        Assert.False(await IsAttachedAsync(vbd));
        await Client.CallAsync("VDI.destroy", Cancel, vdi);
        Assert.Empty((object[])await Client.CallAsync("VM.get_VBDs", Cancel, reference));
    }

    [Fact]
    public async Task ADiskIsPluggedAndUnpluggedLive()
    {
        await using var vm = await fixture.StartVmAsync(Cancel, 32);
        var vdi = await fixture.CreateDiskAsync(Mib, Cancel);
        var vbd = await fixture.AttachAsync(vm.Ref, vdi, "3", Cancel);
        Assert.False(await IsAttachedAsync(vbd));
        await Client.CallAsync("VBD.plug", Cancel, vbd);
        Assert.True(await IsAttachedAsync(vbd));
        Assert.Equal("DEVICE_ALREADY_ATTACHED", (await Assert.ThrowsAsync<XenApiFailure>(() => Client.CallAsync("VBD.plug", Cancel, vbd))).Code);
        Assert.Equal("OPERATION_NOT_ALLOWED", (await Assert.ThrowsAsync<XenApiFailure>(() => Client.CallAsync("VBD.destroy", Cancel, vbd))).Code);
        await Client.CallAsync("VBD.unplug", Cancel, vbd);
        Assert.False(await IsAttachedAsync(vbd));
        Assert.Equal("DEVICE_ALREADY_DETACHED", (await Assert.ThrowsAsync<XenApiFailure>(() => Client.CallAsync("VBD.unplug", Cancel, vbd))).Code);
        await Client.CallAsync("VBD.destroy", Cancel, vbd);
        await Client.CallAsync("VDI.destroy", Cancel, vdi);
    }

    [Fact]
    public async Task TwoVmsDoNotWriteToOneDisk()
    {
        await using var first = new RunningVm(fixture, await TestVm.CreateAsync(Client, "first", 16, 0, Cancel));
        await using var second = new RunningVm(fixture, await TestVm.CreateAsync(Client, "second", 16, 0, Cancel));
        var vdi = await fixture.CreateDiskAsync(Mib, Cancel);
        await fixture.AttachAsync(first.Ref, vdi, "0", Cancel);
        await fixture.AttachAsync(second.Ref, vdi, "0", Cancel);
        var starts = await Task.WhenAll(StartAsync(first.Ref), StartAsync(second.Ref));
        Assert.Equal(["", "VDI_IN_USE"], starts.Order(StringComparer.Ordinal));
        var running = starts[0].Length == 0 ? first : second;
        await Client.CallAsync("VM.hard_shutdown", Cancel, running.Ref);
        await Client.CallAsync("VDI.destroy", Cancel, vdi);

        async Task<string> StartAsync(string vm)
        {
            try
            {
                await Client.CallAsync("VM.start", Cancel, vm, false, false);
                return "";
            }
            catch (XenApiFailure e)
            {
                return e.Code;
            }
        }
    }

    [Fact]
    public async Task ASuspendedVmKeepsItsDisks()
    {
        var reference = await TestVm.CreateAsync(Client, "disks", 16, 0, Cancel);
        await using var vm = new RunningVm(fixture, reference);
        var vdi = await fixture.CreateDiskAsync(Mib, Cancel);
        var vbd = await fixture.AttachAsync(reference, vdi, "0", Cancel);
        await Client.CallAsync("VM.start", Cancel, reference, false, false);
        await Client.CallAsync("VM.suspend", Cancel, reference);
        await Client.CallAsync("VM.resume", Cancel, reference, false, false);
        Assert.True((bool)await Client.CallAsync("VBD.get_currently_attached", Cancel, vbd));
        await Client.CallAsync("VM.hard_shutdown", Cancel, reference);
        await Client.CallAsync("VDI.destroy", Cancel, vdi);
    }

    [Fact]
    public async Task AnInterfaceHasAnAddressAndIsAttachedLive()
    {
        await using var vm = await fixture.StartVmAsync(Cancel, 32);
        var network = await fixture.NetworkAsync(Cancel);
        var vif = await Client.TextAsync("VIF.create", Cancel, StorageFixture.Interface(vm.Ref, network));
        Assert.Matches("^[0-9a-f][26ae](:[0-9a-f]{2}){5}$", await Client.TextAsync("VIF.get_MAC", Cancel, vif));
        Assert.True((bool)await Client.CallAsync("VIF.get_MAC_autogenerated", Cancel, vif));
        await Client.CallAsync("VIF.plug", Cancel, vif);
        Assert.True((bool)await Client.CallAsync("VIF.get_currently_attached", Cancel, vif));
        await Client.CallAsync("VIF.set_locking_mode", Cancel, vif, "disabled");
        await Client.CallAsync("VIF.unplug", Cancel, vif);
        Assert.False((bool)await Client.CallAsync("VIF.get_currently_attached", Cancel, vif));
        Assert.Equal(["MAC_INVALID", "nonsense"], (await Assert.ThrowsAsync<XenApiFailure>(() =>
            Client.CallAsync("VIF.create", Cancel, StorageFixture.Interface(vm.Ref, network, "nonsense", "1")))).Description);
        await Client.CallAsync("VIF.destroy", Cancel, vif);
    }

    private async Task<bool> IsAttachedAsync(string vbd) => (bool)await Client.CallAsync("VBD.get_currently_attached", Cancel, vbd);
}
