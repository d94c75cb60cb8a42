namespace Toolstack.XenSimulator.Host;

/// <summary>Why a domain stopped (SHUTDOWN_* of Xen's public interface, sched.h).</summary>
internal enum ShutdownCode
{
    Poweroff = 0,
    Reboot = 1,
    Suspend = 2,
    Crash = 3,
    Watchdog = 4,

    /// <summary>Another kernel is in the guest's memory, for a domain that knows nothing of this one.</summary>
    SoftReset = 5,
}
