using Toolstack.Hosting;

namespace Toolstack.Xenopsd.Server;

/// <summary>What xenopsd says about itself.</summary>
internal static class ManualText
{
    internal static readonly DaemonDescription Description = new(
        "xenopsd", "runs the virtual machines of one host: life cycle, devices, migration", Settings.All)
    {
        Sections =
        [
            new ManualSection(
                "DESCRIPTION",
                "Starts, stops, suspends and migrates the domains of one host. It takes its orders from xapi(8) over the message switch, splits each into "
                + "steps that can be undone, and runs them in order for each VM. Where there is no Xen it drives a simulated host whose "
                + "guests have real memory, so that everything above the hypervisor can be tried anywhere."),
            new ManualSection("FILES")
            {
                Entries =
                [
                    ("/etc/xenopsd.conf", "Configuration."),
                    ("/var/run/nonpersistent/xenopsd", "Records of the VMs it owns; they let it find its domains again after a restart."),
                ],
            },
        ],
        SeeAlso = ["message-switch(8)", "xapi(8)"],
    };
}
