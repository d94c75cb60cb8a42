using System.Collections.Immutable;
using System.Globalization;
using Toolstack.Idl;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xapi.Xenops;

/// <summary>Turns a failure of xenopsd into the XenAPI error that clients see. <paramref name="task"/> is the XenAPI task that was
/// cancelled; <paramref name="vmOf"/> gives the reference of the VM with a uuid (the uuid itself where there is none).</summary>
internal sealed class ErrorMapper(string task, Func<string, string> vmOf)
{
    /// <summary>The one table between the two closed sets of errors.</summary>
    public XenApiError Map(XenopsErrorValue error, string vm) => error switch
    {
        XenopsErrorValue.Unimplemented e => new("NOT_IMPLEMENTED", e.what),
        XenopsErrorValue.Bad_power_state e => new("VM_BAD_POWER_STATE", vm, e.expected.ToString(), e.actual.ToString()),
        XenopsErrorValue.Failed_to_acknowledge_shutdown_request => new("VM_FAILED_SHUTDOWN_ACK", vm),
        XenopsErrorValue.Failed_to_acknowledge_suspend_request => new("VM_FAILED_SUSPEND_ACK", vm),
        XenopsErrorValue.Failed_to_shutdown e => new("VM_SHUTDOWN_TIMEOUT", vmOf(e.id), Seconds(e.timeout)),
        XenopsErrorValue.Failed_to_suspend e => new("VM_SUSPEND_TIMEOUT", vmOf(e.id), Seconds(e.timeout)),
        XenopsErrorValue.Device_detach_rejected e => new("DEVICE_DETACH_REJECTED", e.device_class, e.id, e.message),
        XenopsErrorValue.Bootloader_error e => new("BOOTLOADER_FAILED", vmOf(e.vm), e.message),
        XenopsErrorValue.Cannot_free_this_much_memory e => new("HOST_NOT_ENOUGH_FREE_MEMORY", Bytes(e.needed), Bytes(e.free)),
        XenopsErrorValue.Vms_failed_to_cooperate e => new("VMS_FAILED_TO_COOPERATE", [.. e.vms.Select(vmOf)]),
        XenopsErrorValue.IO_error => new("VDI_IO_ERROR", "I/O error saving VM suspend image"),
        XenopsErrorValue.Failed_to_contact_remote_service e => new("VM_MIGRATE_CONTACT_REMOTE_SERVICE_FAILED", e.what),
        XenopsErrorValue.Hook_failed e => new("XAPI_HOOK_FAILED", e.script, e.reason, e.stdout, e.exit_code),
        XenopsErrorValue.Cancelled => new("TASK_CANCELLED", task),
        XenopsErrorValue.Storage_backend_error e => new(e.code, e.parameters),
        XenopsErrorValue.Failed_to_start_emulator e => new("FAILED_TO_START_EMULATOR", vmOf(e.vm), e.emulator, e.message),
        XenopsErrorValue.Ballooning_timeout_before_migration => new("BALLOONING_TIMEOUT_BEFORE_MIGRATION", vm),
        XenopsErrorValue.Failed_to_run_script e => new("XENAPI_PLUGIN_FAILURE", e.reason),
        XenopsErrorValue.Internal_error e => new("INTERNAL_ERROR", e.message),
        _ => new("INTERNAL_ERROR", Describe(error)),
    };

    private static string Describe(XenopsErrorValue error) => error switch
    {
        XenopsErrorValue.Already_exists e => $"Already_exists({e.kind}, {e.id})",
        XenopsErrorValue.Does_not_exist e => $"Does_not_exist({e.kind}, {e.id})",
        XenopsErrorValue.Domain_not_built => "Domain_not_built",
        XenopsErrorValue.Invalid_vcpus e => $"Invalid_vcpus({e.max.ToString(CultureInfo.InvariantCulture)})",
        XenopsErrorValue.Device_is_connected => "Device_is_connected",
        XenopsErrorValue.Device_not_connected => "Device_not_connected",
        XenopsErrorValue.Media_not_ejectable => "Media_not_ejectable",
        XenopsErrorValue.Media_present => "Media_present",
        XenopsErrorValue.Media_not_present => "Media_not_present",
        XenopsErrorValue.No_bootable_device => "No_bootable_device",
        XenopsErrorValue.PCIBack_not_loaded => "PCIBack_not_loaded",
        XenopsErrorValue.Not_enough_memory e => $"Not_enough_memory({Bytes(e.needed)})",
        XenopsErrorValue.Unknown_error { text.Length: > 0 } e => $"Unknown_error({e.text})",
        _ => "Unknown_error",
    };

    private static string Bytes(long bytes) => bytes.ToString(CultureInfo.InvariantCulture);

    private static string Seconds(double seconds) => seconds.ToString("0.######", CultureInfo.InvariantCulture);
}
