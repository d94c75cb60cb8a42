using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Contract;
using Xunit;
using static Toolstack.Tests.Domains.DomainHost;

namespace Toolstack.Tests.Domains;

/// <summary>Devices from plug to unplug, against drivers of both ends.</summary>
public class DeviceTests
{
    private const int Xvda = 51712;

    [Fact]
    public async Task A_disk_is_plugged_and_unplugged_without_a_trace()
    {
        await using var host = await StartAsync();
        string file = Path.GetTempFileName();
        string vm = await host.RunAsync();
        int domid = host.Domid(vm);
        Vbd vbd = new() { id = (vm, "xvda"), backend = new Disk.Local(file) };
        foreach (bool force in new[] { false, true })
        {
            await host.Devices.SetActiveAsync(new DynamicId.Vbd(vm, "xvda"), true, default);
            await host.Devices.PlugVbdAsync(vbd, default);
            Assert.Equal(
                new VbdState { active = true, plugged = true, backend_present = vbd.backend }, await host.Devices.GetVbdStateAsync(vbd, default));
            Assert.Equal(file, await host.ReadAsync($"/local/domain/0/backend/vbd/{domid}/{Xvda}/params"));
            await Eventually(async () => await host.ReadAsync($"/local/domain/0/backend/vbd/{domid}/{Xvda}/state") == "4");
            Assert.Equal(DeviceRequest.None, await host.Devices.GetDeviceRequestAsync(new DynamicId.Vbd(vm, "xvda"), null, default));
            var twice = await Assert.ThrowsAsync<XenopsError>(() => host.Devices.PlugVbdAsync(vbd, default));
            Assert.IsType<XenopsErrorValue.Device_is_connected>(twice.Value);

            await host.Devices.UnplugVbdAsync(vbd, force, default);
            await host.Devices.UnplugVbdAsync(vbd, force, default);
            Assert.False((await host.Devices.GetVbdStateAsync(vbd, default)).plugged);
            Assert.Null(await host.ReadAsync($"/local/domain/0/backend/vbd/{domid}/{Xvda}"));
        }

        foreach (string root in new[] { $"/local/domain/{domid}/device/vbd", $"/xenops/domain/{domid}/device/vbd", $"/xapi/{vm}/private/vbd" })
        {
            Assert.Empty(await host.NodesAsync(root));
        }

        File.Delete(file);
    }

    [Fact]
    public async Task A_disk_that_forgets_is_as_it_was_at_the_next_start()
    {
        await using var host = await StartAsync();
        string file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, "kept");
        string vm = await host.RunAsync();
        Disk.Local disk = new(file);
        Vbd vbd = new() { id = (vm, "xvda"), backend = disk, persistent = false };
        for (int start = 0; start < 2; start++)
        {
            await host.Devices.BeginEpochAsync(vm, disk, false, default);
            await host.Devices.PlugVbdAsync(vbd, default);
            string copy = (await host.ReadAsync($"/local/domain/0/backend/vbd/{host.Domid(vm)}/{Xvda}/params"))!;
            Assert.NotEqual(file, copy);
            Assert.Equal("kept", await File.ReadAllTextAsync(copy));
            await File.WriteAllTextAsync(copy, "forgotten");
            Assert.Equal(disk, (await host.Devices.GetVbdStateAsync(vbd, default)).backend_present);
            await host.Devices.UnplugVbdAsync(vbd, true, default);
            await host.Devices.EndEpochAsync(vm, disk, default);
            await host.Devices.EndEpochAsync(vm, disk, default);
            Assert.False(File.Exists(copy));
            Assert.Equal("kept", await File.ReadAllTextAsync(file));
        }

        File.Delete(file);
        Assert.IsType<XenopsErrorValue.IO_error>((await Assert.ThrowsAsync<XenopsError>(() => host.Devices.BeginEpochAsync(vm, disk, false, default))).Value);
        Assert.False(File.Exists(file + ".volatile"));
        await host.Devices.EndEpochAsync(vm, new Disk.VDI("sr/none"), default);
    }

    [Fact]
    public async Task A_guest_may_keep_its_disk_unless_it_is_forced()
    {
        await using var host = await StartAsync();
        string file = Path.GetTempFileName();
        string vm = await host.RunAsync();
        host.Simulator.RefuseDetach(host.Domid(vm), "vbd", Xvda);
        Vbd vbd = new() { id = (vm, "xvda"), backend = new Disk.Local(file) };
        await host.Devices.PlugVbdAsync(vbd, default);
        await Eventually(async () => await host.ReadAsync($"/local/domain/{host.Domid(vm)}/device/vbd/{Xvda}/state") == "4");
        var error = await Assert.ThrowsAsync<XenopsError>(() => host.Devices.UnplugVbdAsync(vbd, false, default));
        Assert.Contains("in use", Assert.IsType<XenopsErrorValue.Device_detach_rejected>(error.Value).message, StringComparison.Ordinal);
        Assert.True((await host.Devices.GetVbdStateAsync(vbd, default)).plugged);
        await host.Devices.UnplugVbdAsync(vbd, true, default);
        Assert.False((await host.Devices.GetVbdStateAsync(vbd, default)).plugged);
        File.Delete(file);
    }

    [Fact]
    public async Task A_medium_is_changed()
    {
        await using var host = await StartAsync();
        string file = Path.GetTempFileName();
        string vm = await host.RunAsync();
        Vbd drive = new() { id = (vm, "xvdd"), ty = VbdType.CDROM, mode = VbdMode.ReadOnly };
        Assert.IsType<XenopsErrorValue.Device_not_connected>(
            (await Assert.ThrowsAsync<XenopsError>(() => host.Devices.InsertVbdAsync(drive, new Disk.Local(file), default))).Value);
        await host.Devices.PlugVbdAsync(drive, default);
        Assert.Null((await host.Devices.GetVbdStateAsync(drive, default)).backend_present);
        await host.Devices.InsertVbdAsync(drive, new Disk.Local(file), default);
        Assert.Equal(new Disk.Local(file), (await host.Devices.GetVbdStateAsync(drive, default)).backend_present);
        Assert.IsType<XenopsErrorValue.Media_present>(
            (await Assert.ThrowsAsync<XenopsError>(() => host.Devices.InsertVbdAsync(drive, new Disk.Local(file), default))).Value);
        await host.Devices.EjectVbdAsync(drive, default);
        Assert.Null((await host.Devices.GetVbdStateAsync(drive, default)).backend_present);
        Assert.Equal("", await host.ReadAsync($"/local/domain/0/backend/vbd/{host.Domid(vm)}/51760/params"));
        File.Delete(file);
    }

    [Fact]
    public async Task A_disk_that_is_not_there_is_refused_and_leaves_nothing()
    {
        await using var host = await StartAsync();
        string vm = await host.RunAsync();
        foreach (string path in new[] { "/no/such/disk", Path.GetTempPath() })
        {
            Vbd vbd = new() { id = (vm, "xvda"), backend = new Disk.Local(path) };
            await Assert.ThrowsAsync<XenopsError>(() => host.Devices.PlugVbdAsync(vbd, default));
            Assert.False((await host.Devices.GetVbdStateAsync(vbd, default)).plugged);
        }

        Assert.Empty(await host.NodesAsync($"/xenops/domain/{host.Domid(vm)}/device/vbd"));
    }

    [Fact]
    public async Task Devices_of_a_paused_guest_are_forced_out()
    {
        await using var host = await StartAsync();
        string vm = NewId();
        await host.Backend.CreateAsync(Config(vm, 16), default);
        await host.Backend.BuildAsync(vm, default);
        Vif vif = new() { id = (vm, "0"), mac = "00:16:3e:00:00:01" };
        Vbd drive = new() { id = (vm, "xvdd"), ty = VbdType.CDROM, mode = VbdMode.ReadOnly };
        await host.Devices.PlugVifAsync(vif, default);
        await host.Devices.PlugVbdAsync(drive, default);
        await host.Devices.UnplugVifAsync(vif, true, default);
        await host.Devices.UnplugVbdAsync(drive, true, default);
        Assert.False((await host.Devices.GetVifStateAsync(vif, default)).plugged);
        Assert.False((await host.Devices.GetVbdStateAsync(drive, default)).plugged);
    }

    [Fact]
    public async Task An_interface_is_plugged_changed_and_unplugged()
    {
        await using var host = await StartAsync();
        string vm = await host.RunAsync();
        int domid = host.Domid(vm);
        Vif vif = new() { id = (vm, "0"), mac = "00:16:3e:00:00:01", backend = new Network.Local("xapi0") };
        await host.Devices.PlugVifAsync(vif, default);
        var state = await host.Devices.GetVifStateAsync(vif, default);
        Assert.Equal((true, true, $"vif{domid}.0"), (state.plugged, state.media_present, state.device));

        string keys = $"/xapi/{vm}/private/vif/0";
        await host.Devices.MoveVifAsync(vif with { backend = new Network.Local("xapi1") }, new Network.Local("xapi1"), default);
        Assert.Equal("xapi1", await host.ReadAsync(keys + "/bridge"));
        await host.Devices.SetVifCarrierAsync(vif, false, default);
        Assert.False((await host.Devices.GetVifStateAsync(vif, default)).media_present);
        await host.Devices.SetVifCarrierAsync(vif, true, default);
        await host.Devices.SetVifLockingModeAsync(vif with { locking_mode = new LockingMode.Locked(new LockedAddresses { ipv4 = ["10.0.0.1"] }) }, default);
        Assert.Equal(("locked", "10.0.0.1"), (await host.ReadAsync(keys + "/locking-mode"), await host.ReadAsync(keys + "/ipv4-allowed")));
        await host.Devices.SetVifLockingModeAsync(vif with { locking_mode = new LockingMode.Disabled() }, default);
        Assert.Equal(("disabled", null), (await host.ReadAsync(keys + "/locking-mode"), await host.ReadAsync(keys + "/ipv4-allowed")));
        Assert.False((await host.Devices.GetVifStateAsync(vif, default)).media_present);
        await host.Devices.SetVifTrunksAsync(vif with { trunks = [1, 2] }, default);
        Assert.Equal("1 2", await host.ReadAsync(keys + "/trunks"));
        await host.Devices.SetVifIpv4Async(vif with { ipv4_configuration = new Ipv4Configuration.Static4(["10.0.0.1/8"], null) }, default);
        string agent = $"/local/domain/{domid}/xenserver/device/vif/0/static-ip-setting";
        Assert.Equal("10.0.0.1/8", await host.ReadAsync(agent + "/address"));
        await host.Devices.SetVifIpv4Async(vif, default);
        Assert.Null(await host.ReadAsync(agent));

        await host.Store.RemoveAsync($"/xapi/{vm}/hotplug/{domid}/vif/0/hotplug", default);
        Assert.Equal(DeviceRequest.Unplug, await host.Devices.GetDeviceRequestAsync(new DynamicId.Vif(vm, "0"), null, default));
        await host.Devices.UnplugVifAsync(vif, false, default);
        Assert.False((await host.Devices.GetVifStateAsync(vif, default)).plugged);
        Assert.Null(await host.ReadAsync(keys));
    }

    [Fact]
    public async Task Devices_go_with_their_domain_also_after_a_restart()
    {
        await using var host = await StartAsync();
        var before = await host.NodesAsync("/");
        string vm = await host.RunAsync();
        int domid = host.Domid(vm);
        Vif vif = new() { id = (vm, "first"), mac = "00:16:3e:00:00:01" };
        await host.Devices.PlugVifAsync(vif, default);
        await host.RestartAsync();
        Assert.True((await host.Devices.GetVifStateAsync(vif, default)).plugged);
        TaskCompletionSource<DynamicId> told = new(TaskCreationOptions.RunContinuationsAsynchronously);
        host.Backend.DeviceChanged += device => told.TrySetResult(device);
        await host.Store.WriteAsync($"/local/domain/0/backend/vif/{domid}/0/kthread-pid", "7", default);
        Assert.Equal(new DynamicId.Vif(vm, "first"), await told.Task.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Equal(7, (await host.Devices.GetVifStateAsync(vif, default)).kthread_pid);
        await host.Backend.DestroyAsync(vm, default);
        Assert.Equal(before, (await host.NodesAsync("/")).Where(static n => n is not "/local/domain/0/backend/vif" and not "/local/domain/0/error"
            and not "/local/domain/0/error/backend" and not "/local/domain/0/error/backend/vif"));
    }

    [Fact]
    public async Task A_pci_device_is_assigned_and_returned()
    {
        await using var host = await StartAsync();
        string vm = await host.RunAsync();
        Pci pci = new() { id = (vm, "0000:03:00.0"), address = new PciAddress { bus = 3 } };
        await host.Devices.PlugPciAsync(pci, false, default);
        Assert.True((await host.Devices.GetPciStateAsync(pci, default)).plugged);
        Assert.Equal("0000:03:00.0", await host.ReadAsync($"/local/domain/0/backend/pci/{host.Domid(vm)}/0/dev-0"));
        await host.Backend.DestroyAsync(vm, default);
        string next = await host.RunAsync();
        await host.Devices.PlugPciAsync(pci with { id = (next, "0000:03:00.0") }, false, default);
    }
}
