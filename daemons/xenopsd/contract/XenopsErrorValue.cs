using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xenopsd.Contract;

/// <summary>Every way an operation of xenopsd fails (xenops protocol, <c>Errors.error</c>). Memory in bytes, timeouts in seconds.</summary>
[WireVariant]
public abstract record XenopsErrorValue
{
    private XenopsErrorValue() { }

    public sealed record Already_exists(string kind, string id) : XenopsErrorValue;
    public sealed record Does_not_exist(string kind, string id) : XenopsErrorValue;
    public sealed record Unimplemented(string what) : XenopsErrorValue;
    public sealed record Domain_not_built : XenopsErrorValue;
    public sealed record Invalid_vcpus(long max) : XenopsErrorValue;
    public sealed record Bad_power_state(PowerState actual, PowerState expected) : XenopsErrorValue;
    public sealed record Failed_to_acknowledge_shutdown_request : XenopsErrorValue;
    public sealed record Failed_to_acknowledge_suspend_request : XenopsErrorValue;
    public sealed record Failed_to_shutdown(string id, double timeout) : XenopsErrorValue;
    public sealed record Failed_to_suspend(string id, double timeout) : XenopsErrorValue;
    public sealed record Device_is_connected : XenopsErrorValue;
    public sealed record Device_not_connected : XenopsErrorValue;
    public sealed record Device_detach_rejected(string device_class, string id, string message) : XenopsErrorValue;
    public sealed record Media_not_ejectable : XenopsErrorValue;
    public sealed record Media_present : XenopsErrorValue;
    public sealed record Media_not_present : XenopsErrorValue;
    public sealed record No_bootable_device : XenopsErrorValue;
    public sealed record Bootloader_error(string vm, string message) : XenopsErrorValue;
    public sealed record Cannot_free_this_much_memory(long needed, long free) : XenopsErrorValue;
    public sealed record Vms_failed_to_cooperate(ImmutableArray<string> vms) : XenopsErrorValue;
    public sealed record IO_error : XenopsErrorValue;
    public sealed record Failed_to_contact_remote_service(string what) : XenopsErrorValue;
    public sealed record Hook_failed(string script, string reason, string stdout, string exit_code) : XenopsErrorValue;
    public sealed record Not_enough_memory(long needed) : XenopsErrorValue;
    public sealed record Cancelled(string task) : XenopsErrorValue;
    public sealed record Storage_backend_error(string code, ImmutableArray<string> parameters) : XenopsErrorValue;
    public sealed record PCIBack_not_loaded : XenopsErrorValue;
    public sealed record Failed_to_run_script(string reason) : XenopsErrorValue;
    public sealed record Failed_to_start_emulator(string vm, string emulator, string message) : XenopsErrorValue;
    public sealed record Ballooning_timeout_before_migration : XenopsErrorValue;
    public sealed record Internal_error(string message) : XenopsErrorValue;

    /// <summary>An error of a peer that knows more of them. <paramref name="text"/>: what came, as JSON; it does not travel on.</summary>
    [WireUnknown]
    public sealed record Unknown_error(string text = "") : XenopsErrorValue;
}
