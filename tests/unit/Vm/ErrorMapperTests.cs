using Toolstack.Idl;
using Toolstack.Xapi.Xenops;
using Toolstack.Xenopsd.Contract;
using Xunit;

namespace Toolstack.Tests.VirtualMachines;

/// <summary>Every error of xenopsd against the XenAPI error it becomes.</summary>
public sealed class ErrorMapperTests
{
    public static TheoryData<XenopsErrorValue, string, string[]> Table { get; } = new()
    {
        { new XenopsErrorValue.Already_exists("VM", "u"), "INTERNAL_ERROR", ["Already_exists(VM, u)"] },
        { new XenopsErrorValue.Does_not_exist("VM", "u"), "INTERNAL_ERROR", ["Does_not_exist(VM, u)"] },
        { new XenopsErrorValue.Unimplemented("x"), "NOT_IMPLEMENTED", ["x"] },
        { new XenopsErrorValue.Domain_not_built(), "INTERNAL_ERROR", ["Domain_not_built"] },
        { new XenopsErrorValue.Invalid_vcpus(4), "INTERNAL_ERROR", ["Invalid_vcpus(4)"] },
        { new XenopsErrorValue.Bad_power_state(PowerState.Halted, PowerState.Running), "VM_BAD_POWER_STATE", ["ref:vm", "Running", "Halted"] },
        { new XenopsErrorValue.Failed_to_acknowledge_shutdown_request(), "VM_FAILED_SHUTDOWN_ACK", ["ref:vm"] },
        { new XenopsErrorValue.Failed_to_acknowledge_suspend_request(), "VM_FAILED_SUSPEND_ACK", ["ref:vm"] },
        { new XenopsErrorValue.Failed_to_shutdown("u", 60.5), "VM_SHUTDOWN_TIMEOUT", ["ref:u", "60.5"] },
        { new XenopsErrorValue.Failed_to_suspend("u", 1200), "VM_SUSPEND_TIMEOUT", ["ref:u", "1200"] },
        { new XenopsErrorValue.Device_is_connected(), "INTERNAL_ERROR", ["Device_is_connected"] },
        { new XenopsErrorValue.Device_not_connected(), "INTERNAL_ERROR", ["Device_not_connected"] },
        { new XenopsErrorValue.Device_detach_rejected("VBD", "d", "m"), "DEVICE_DETACH_REJECTED", ["VBD", "d", "m"] },
        { new XenopsErrorValue.Media_not_ejectable(), "INTERNAL_ERROR", ["Media_not_ejectable"] },
        { new XenopsErrorValue.Media_present(), "INTERNAL_ERROR", ["Media_present"] },
        { new XenopsErrorValue.Media_not_present(), "INTERNAL_ERROR", ["Media_not_present"] },
        { new XenopsErrorValue.No_bootable_device(), "INTERNAL_ERROR", ["No_bootable_device"] },
        { new XenopsErrorValue.Bootloader_error("u", "m"), "BOOTLOADER_FAILED", ["ref:u", "m"] },
        { new XenopsErrorValue.Cannot_free_this_much_memory(7, 3), "HOST_NOT_ENOUGH_FREE_MEMORY", ["7", "3"] },
        { new XenopsErrorValue.Vms_failed_to_cooperate(["a", "b"]), "VMS_FAILED_TO_COOPERATE", ["ref:a", "ref:b"] },
        { new XenopsErrorValue.IO_error(), "VDI_IO_ERROR", ["I/O error saving VM suspend image"] },
        { new XenopsErrorValue.Failed_to_contact_remote_service("s"), "VM_MIGRATE_CONTACT_REMOTE_SERVICE_FAILED", ["s"] },
        { new XenopsErrorValue.Hook_failed("s", "r", "o", "2"), "XAPI_HOOK_FAILED", ["s", "r", "o", "2"] },
        { new XenopsErrorValue.Not_enough_memory(9), "INTERNAL_ERROR", ["Not_enough_memory(9)"] },
        { new XenopsErrorValue.Cancelled("12"), "TASK_CANCELLED", ["ref:task"] },
        { new XenopsErrorValue.Storage_backend_error("SR_BACKEND_FAILURE_1", ["a"]), "SR_BACKEND_FAILURE_1", ["a"] },
        { new XenopsErrorValue.PCIBack_not_loaded(), "INTERNAL_ERROR", ["PCIBack_not_loaded"] },
        { new XenopsErrorValue.Failed_to_run_script("r"), "XENAPI_PLUGIN_FAILURE", ["r"] },
        { new XenopsErrorValue.Failed_to_start_emulator("u", "qemu", "m"), "FAILED_TO_START_EMULATOR", ["ref:u", "qemu", "m"] },
        { new XenopsErrorValue.Ballooning_timeout_before_migration(), "BALLOONING_TIMEOUT_BEFORE_MIGRATION", ["ref:vm"] },
        { new XenopsErrorValue.Internal_error("m"), "INTERNAL_ERROR", ["m"] },
        { new XenopsErrorValue.Unknown_error(), "INTERNAL_ERROR", ["Unknown_error"] },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public void EveryErrorHasOne(XenopsErrorValue error, string code, string[] parameters)
    {
        XenApiError mapped = new ErrorMapper("ref:task", static uuid => "ref:" + uuid).Map(error, "ref:vm");
        Assert.Equal(code, mapped.Code);
        Assert.Equal(parameters, mapped.Parameters);
    }
}
