using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Devices;
using Xunit;

namespace Toolstack.Tests.Devices;

/// <summary>Which operations VBDs and VIFs admit.</summary>
public class DeviceRulesTests
{
    private static readonly Ref<VM> Owner = new("OpaqueRef:vm");
    private static readonly VM Running = new() { power_state = vm_power_state.Running, domain_type = domain_type.pvh };
    private static readonly VDI Disk = new() { managed = true };
    private static readonly VBD Plain = new() { VM = Owner, VDI = new("OpaqueRef:vdi"), type = vbd_type.Disk, mode = vbd_mode.RW };
    private static readonly VbdFacts Free = new(Owner, Running, Drivers: true, Disk, SharedWithWriter: false, Shared: false);

    [Fact]
    public void ADetachedDiskIsPlugged()
    {
        Assert.Null(Check(Plain, Free, vbd_operations.plug));
        Assert.Equal("DEVICE_ALREADY_DETACHED", Check(Plain, Free, vbd_operations.unplug)?.Code);
        Assert.Equal(["OpaqueRef:vm", "running", "halted"],
            Check(Plain, Free with { Vm = new VM { power_state = vm_power_state.Halted } }, vbd_operations.plug)!.Parameters);
    }

    [Fact]
    public void AnAttachedDiskIsUnplugged()
    {
        VBD attached = Plain with { currently_attached = true };
        Assert.Equal("DEVICE_ALREADY_ATTACHED", Check(attached, Free, vbd_operations.plug)?.Code);
        Assert.Null(Check(attached, Free, vbd_operations.unplug));
        Assert.Equal("VBD_NOT_UNPLUGGABLE", Check(attached with { unpluggable = false }, Free, vbd_operations.unplug)?.Code);
    }

    [Fact]
    public void AWriterHasItsDiskAlone()
    {
        VbdFacts shared = Free with { Shared = true };
        Assert.Equal(["OpaqueRef:vdi"], Check(Plain, shared, vbd_operations.attach)!.Parameters);
        Assert.Null(Check(Plain with { mode = vbd_mode.RO }, shared, vbd_operations.attach));
        Assert.Equal("VDI_IN_USE", Check(Plain with { mode = vbd_mode.RO }, shared with { SharedWithWriter = true }, vbd_operations.attach)?.Code);
        Assert.Null(Check(Plain, shared with { Vdi = Disk with { sharable = true } }, vbd_operations.attach));
        Assert.Equal("VDI_READONLY", Check(Plain, Free with { Vdi = Disk with { read_only = true } }, vbd_operations.attach)?.Code);
    }

    [Fact]
    public void OnlyDrivesChangeTheirMedia()
    {
        VBD drive = Plain with { type = vbd_type.CD, mode = vbd_mode.RO, empty = true };
        Assert.Equal("VBD_NOT_REMOVABLE_MEDIA", Check(Plain, Free, vbd_operations.insert)?.Code);
        Assert.Null(Check(drive, Free, vbd_operations.insert));
        Assert.Equal("VBD_IS_EMPTY", Check(drive, Free, vbd_operations.eject)?.Code);
        Assert.Equal("VBD_NOT_EMPTY", Check(drive with { empty = false }, Free, vbd_operations.insert)?.Code);
    }

    [Fact]
    public void NothingIsPluggedWhileTheVmGoes()
    {
        VM going = Running with { current_operations = Running.current_operations.SetItem("t", vm_operations.clean_shutdown) };
        XenApiError? error = Check(Plain, Free with { Vm = going }, vbd_operations.plug);
        Assert.Equal(["Current operation on VM:OpaqueRef:vm is clean_shutdown"], error!.Parameters);
    }

    [Fact]
    public void AnInterfaceFollowsTheSameRules()
    {
        VIF vif = new() { VM = Owner };
        Assert.Null(DeviceRules.Check("i", vif, Owner, Running, drivers: true, vif_operations.plug));
        Assert.Equal("DEVICE_ALREADY_DETACHED", DeviceRules.Check("i", vif, Owner, Running, drivers: true, vif_operations.unplug)?.Code);
        Assert.Equal("VM_MISSING_PV_DRIVERS", DeviceRules.Check("i", vif, Owner, Running, drivers: false, vif_operations.plug)?.Code);
    }

    private static XenApiError? Check(VBD row, VbdFacts facts, vbd_operations operation) => DeviceRules.Check("OpaqueRef:vbd", row, facts, operation);
}
