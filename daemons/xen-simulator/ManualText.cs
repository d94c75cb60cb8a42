using Toolstack.Hosting;
using Toolstack.XenSimulator.Contract;

namespace Toolstack.XenSimulator;

/// <summary>What xen-simulator says about itself.</summary>
internal static class ManualText
{
    internal static readonly DaemonDescription Description = new(
        "xen-simulator", "plays hypervisor, xenstore, guests and device back ends of one host where there is no Xen", Settings.All)
    {
        Sections =
        [
            new ManualSection(
                "DESCRIPTION",
                "The host that xenopsd works on where there is no Xen. Domains have real memory and vCPUs that really write to it, and live in "
                + "this process: xenopsd may die and finds them again. Guests need no kernel: any name is taken, builtin among them, because the "
                + "guest program is part of the simulator."),
            new ManualSection("PLATFORM DATA", "What a VM's platform data may ask of its guest:")
            {
                Entries =
                [
                    (GuestKeys.DirtyRate, "Frames the guest rewrites per second; 0 for an idle guest."),
                    (GuestKeys.WorkingSet, "Memory the guest fills when it starts, in MiB; default half of its memory."),
                    (GuestKeys.IgnoreShutdown, "true: the guest acknowledges no request."),
                    (GuestKeys.ShutdownDelay, "Time between the acknowledgement of a request and its end, in ms."),
                    (GuestKeys.CrashAfter, "The guest crashes so many ms after it started to run."),
                    (GuestKeys.NoBalloon, "true: the guest has no balloon driver."),
                    (GuestKeys.BalloonDelay, "Time from a new memory target to its being met, in ms."),
                ],
            },
            new ManualSection("FAULTS", "What the call named fault takes on the hypercall socket, for tests. CALL is a hypercall's name or *:")
            {
                Entries =
                [
                    ($"{FaultSyntax.Fail} CALL [DOMID|*] [NTH] ERRNO", "The NTH matching call (default the first, * every one) fails."),
                    ($"{FaultSyntax.Delay} CALL [DOMID|*] MS", "Every matching call takes so much longer."),
                    ($"{FaultSyntax.Hang} CALL [DOMID|*]", "Every matching call waits until the faults are cleared."),
                    ($"{FaultSyntax.KillAt} CALL [DOMID|*]", "The host dies at the first matching call."),
                    ($"{FaultSyntax.GuestHang} DOMID", "The guest looks at xenstore no more."),
                    ($"{FaultSyntax.XenstoreAgain} N", "The next N commits of dom0 are refused with EAGAIN."),
                ],
            },
            new ManualSection("FILES")
            {
                Entries =
                [
                    ("/etc/xen-simulator.conf", "Configuration."),
                    (Settings.HypervisorPath.DefaultText, "The socket of the hypercalls (simulator-path of xenopsd)."),
                    (Settings.XenstorePath.DefaultText, "The socket of xenstore."),
                ],
            },
        ],
        SeeAlso = ["xenopsd(8)"],
    };
}
