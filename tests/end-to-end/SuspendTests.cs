using Toolstack.EndToEnd.Client;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>Suspending, resuming, snapshots, checkpoints and the way back.</summary>
public sealed class SuspendTests(StorageFixture fixture) : DeadlineTests, IClassFixture<StorageFixture>
{
    private const long Mib = 1024 * 1024;

    private XenApiClient Client => fixture.Client;

    [Fact]
    public async Task AVmIsSuspendedAndResumesOnAnotherHost()
    {
        await using var vm = await fixture.StartVmAsync(Cancel, 32);
        var before = await vm.VerifyMemoryAsync(Cancel);
        await Client.CallAsync("VM.suspend", Cancel, vm.Ref);
        Assert.Equal(("Suspended", 0), (await vm.PowerStateAsync(Cancel), await fixture.ResidentOnAsync(vm.Ref, Cancel)));
        var image = await Client.TextAsync("VM.get_suspend_VDI", Cancel, vm.Ref);
        var path = await fixture.PathAsync(image, Cancel);
        Assert.True(File.Exists(path));
        Assert.Equal("suspend", await Client.TextAsync("VDI.get_type", Cancel, image));

        await Client.CallAsync("VM.resume_on", Cancel, vm.Ref, await fixture.HostRefAsync(2, Cancel), false, false);
        Assert.Equal(("Running", 2), (await vm.PowerStateAsync(Cancel), await fixture.ResidentOnAsync(vm.Ref, Cancel)));
        var after = await vm.VerifyMemoryAsync(Cancel);
        Assert.Equal((0L, before.Pages), (after.Errors, after.Pages));
        Assert.True(after.Counter >= before.Counter);
        Assert.Equal(StorageFixture.NoRef, await Client.TextAsync("VM.get_suspend_VDI", Cancel, vm.Ref));
        Assert.False(File.Exists(path));
    }

    [Fact]
    public async Task AHardShutdownOfASuspendedVmDropsItsImage()
    {
        await using var vm = await fixture.StartVmAsync(Cancel, 16);
        await Client.CallAsync("VM.suspend", Cancel, vm.Ref);
        var path = await fixture.PathAsync(await Client.TextAsync("VM.get_suspend_VDI", Cancel, vm.Ref), Cancel);
        await Client.CallAsync("VM.hard_shutdown", Cancel, vm.Ref);
        Assert.Equal("Halted", await vm.PowerStateAsync(Cancel));
        Assert.False(File.Exists(path));
        await Client.CallAsync("VM.start", Cancel, vm.Ref, false, false);
        Assert.Equal("Running", await vm.PowerStateAsync(Cancel));
    }

    [Fact]
    public async Task ASnapshotKeepsTheDiskAndTheVmGoesBackToIt()
    {
        var reference = await TestVm.CreateAsync(Client, "reverted", 16, 0, Cancel);
        await using var vm = new RunningVm(fixture, reference);
        var vdi = await fixture.CreateDiskAsync(Mib, Cancel);
        await fixture.AttachAsync(reference, vdi, "0", Cancel);
        await File.WriteAllBytesAsync(await fixture.PathAsync(vdi, Cancel), Filled(1), Cancel);
        var snapshot = await Client.TextAsync("VM.snapshot", Cancel, reference, "before", Array.Empty<string>());
        Assert.Equal((true, reference), ((bool)await Client.CallAsync("VM.get_is_a_snapshot", Cancel, snapshot), await Client.TextAsync("VM.get_snapshot_of", Cancel, snapshot)));

        await File.WriteAllBytesAsync(await fixture.PathAsync(vdi, Cancel), Filled(2), Cancel);
        await Client.CallAsync("VM.revert", Cancel, snapshot);
        Assert.Equal("Halted", await vm.PowerStateAsync(Cancel));
        var disk = await OnlyDiskAsync(reference);
        Assert.Equal(Filled(1), await File.ReadAllBytesAsync(await fixture.PathAsync(disk, Cancel), Cancel));
        await Assert.ThrowsAsync<XenApiFailure>(() => Client.CallAsync("VDI.get_uuid", Cancel, vdi));
        Assert.Equal(snapshot, await Client.TextAsync("VM.get_parent", Cancel, reference));

        var kept = await OnlyDiskAsync(snapshot);
        await Client.CallAsync("VM.destroy", Cancel, snapshot);
        await Client.CallAsync("VDI.destroy", Cancel, kept);
        await Client.CallAsync("VDI.destroy", Cancel, disk);
    }

    [Fact]
    public async Task ACheckpointKeepsMemoryAndTheVmRunsOn()
    {
        await using var vm = await fixture.StartVmAsync(Cancel, 16);
        var snapshot = await Client.TextAsync("VM.checkpoint", Cancel, vm.Ref, "moment");
        Assert.Equal("Running", await vm.PowerStateAsync(Cancel));
        Assert.Equal(0, (await vm.VerifyMemoryAsync(Cancel)).Errors);
        Assert.Equal("Suspended", await Client.TextAsync("VM.get_power_state", Cancel, snapshot));

        await Client.CallAsync("VM.revert", Cancel, snapshot);
        Assert.Equal("Suspended", await vm.PowerStateAsync(Cancel));
        await Client.CallAsync("VM.resume", Cancel, vm.Ref, false, false);
        Assert.Equal(("Running", 0L), (await vm.PowerStateAsync(Cancel), (await vm.VerifyMemoryAsync(Cancel)).Errors));
        await Client.CallAsync("VM.destroy", Cancel, snapshot);
    }

    [Fact]
    public async Task WithoutASuspendRepositoryNothingIsSuspended()
    {
        var pools = (object[])await Client.CallAsync("pool.get_all", Cancel);
        await using var vm = await fixture.StartVmAsync(Cancel, 16);
        await Client.CallAsync("pool.set_suspend_image_SR", Cancel, pools[0], StorageFixture.NoRef);
        try
        {
            var error = await Assert.ThrowsAsync<XenApiFailure>(() => Client.CallAsync("VM.suspend", Cancel, vm.Ref));
            Assert.Equal(["VM_NO_SUSPEND_SR", vm.Ref], error.Description);
            Assert.Equal("Running", await vm.PowerStateAsync(Cancel));
        }
        finally
        {
            await Client.CallAsync("pool.set_suspend_image_SR", Cancel, pools[0], fixture.Repository);
        }
    }

    [Fact]
    public async Task ACopyHasDisksOfItsOwn()
    {
        var reference = await TestVm.CreateAsync(Client, "original", 16, 0, Cancel);
        await using var vm = new RunningVm(fixture, reference);
        var vdi = await fixture.CreateDiskAsync(Mib, Cancel);
        await fixture.AttachAsync(reference, vdi, "0", Cancel);
        await using var clone = new RunningVm(fixture, await Client.TextAsync("VM.copy", Cancel, reference, "copy", fixture.Repository));
        var disk = await OnlyDiskAsync(clone.Ref);
        Assert.NotEqual(vdi, disk);
        await Client.CallAsync("VDI.destroy", Cancel, disk);
        await Client.CallAsync("VDI.destroy", Cancel, vdi);
    }

    private static byte[] Filled(byte value)
    {
        var content = new byte[Mib];
        Array.Fill(content, value);
        return content;
    }

    private async Task<string> OnlyDiskAsync(string vm) =>
        await Client.TextAsync("VBD.get_VDI", Cancel, Assert.Single((object[])await Client.CallAsync("VM.get_VBDs", Cancel, vm)));
}
